/**
 * Loads parts of Pulumi's SDK that programs rarely need only when one uses them. They took a quarter of the time that an update
 * spends on loading modules (docs/speed.md). From the first use on, each is the real module. Imported only for this effect, and
 * before the SDK.
 */
import Module, { createRequire } from "node:module";

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

const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));

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

/**
 * Stands in for a module's exports, which are loaded at their first use. It claims to be an ES module, since finding out would
 * load it. The `default` of a module that is none is its exports, as TypeScript's own helpers have it.
 */
export function standIn(load: () => object): object {
  let loaded: object | undefined;
  const real = () => {
    loaded ??= load();
    return loaded;
  };
  return new Proxy(
    {},
    {
      get(_, key) {
        if (key === "__esModule") return true;
        const exports = real();
        return key === "default" && !("default" in exports) ? exports : Reflect.get(exports, key);
      },
      has: (_, key) => key === "__esModule" || Reflect.has(real(), key),
      set: (_, key, value) => Reflect.set(real(), key, value),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor(_, key) {
        const descriptor = Reflect.getOwnPropertyDescriptor(real(), key);
        // A proxy may not claim that its target, which is empty, has what cannot be deleted.
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
}
