/**
 * Stands in for a module's exports, which are loaded at their first use.
 *
 * It claims to be an ES module, since finding out would load it. The `default` of a module that is none is its exports, as
 * TypeScript's own helpers have it.
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
