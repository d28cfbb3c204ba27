/**
 * Loads parts of Pulumi's SDK that programs rarely need only when one uses them. They took a quarter of the time that an update
 * spends on loading modules (docs/speed.md). From the first use on, each is the real module. Imported only for this effect, and
 * before the SDK.
 */
import Module, { createRequire } from "node:module";
import { standIn } from "./lazyModule.ts";

/** By the names that the SDK itself uses. A later SDK without such a module is not affected. */
export const LATE = [
  // To run Pulumi from a program, resources that are programs themselves, and providers.
  "./automation/index.js",
  "./dynamic/index.js",
  "./provider/index.js",
  // To turn functions of a program into text.
  "@npmcli/arborist",
  "normalize-package-data",
  "typescript",
];

const require = createRequire(import.meta.url);
const sdk = createRequire(require.resolve("@pulumi/pulumi"));

for (const name of LATE) putOff(name);

function putOff(name: string): void {
  let file: string;
  try {
    file = sdk.resolve(name);
  } catch {
    return;
  }
  // Loaded already: by the runner, or by a test.
  if (sdk.cache[file] !== undefined) return;
  const late = new Module(file);
  late.filename = file;
  late.loaded = true;
  late.exports = standIn(() => {
    delete sdk.cache[file];
    return sdk(file) as object;
  });
  sdk.cache[file] = late;
}
