/** A module that is not loaded yet. */

/**
 * Stands in for a module's exports, which are loaded when something of them is first asked for.
 *
 * It says that it is an ES module, since asking would load it: whoever then takes the `default` of one that is none gets
 * the exports themselves, as TypeScript's own helpers give them.
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
