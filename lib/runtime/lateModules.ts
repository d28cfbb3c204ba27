/**
 * Puts off the parts of Pulumi's SDK that hardly a program needs until one does: they were a quarter of the time that an
 * update spends on loading modules (docs/speed.md). Each is the real thing from the first touch on, so nothing is lost.
 * Imported for that alone, and before the SDK.
 */
import Module, { createRequire } from "node:module";
import { standIn } from "./standIn.ts";

/** As the SDK itself asks for them. Where a later SDK has no such module, it is simply loaded as the SDK does. */
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
