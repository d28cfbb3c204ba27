// In which order an image's store paths are its layers.

/**
 * Store paths, bottom first, in the order that nixpkgs gives them: those to which most ways lead come first, so that a path
 * always comes after what it needs; equals come by name. (pkgs/by-name/fl/flattenReferencesGraph, popularity_contest.py, as
 * of 2025.) Docker keeps a layer together with all below it, so that one which changes takes those above it along.
 *
 * @param references Of each path, those that it needs.
 */
function order(references) {
  const needed = new Set([...references.values()].flat());
  const roots = [...references.keys()].filter((path) => !needed.has(path));
  const below = new Map();
  const popularityBelow = (path) => {
    if (!below.has(path)) below.set(path, popularity(references.get(path)));
    return below.get(path);
  };
  /** Each way to a path counts, and once more for each step of it. */
  const popularity = (paths) => {
    const ways = new Map();
    const add = (path, count) => ways.set(path, (ways.get(path) ?? 0) + count);
    for (const path of paths) {
      add(path, 1);
      for (const [further, count] of popularityBelow(path)) add(further, count + 1);
    }
    return ways;
  };
  const ways = popularity(roots);
  // The hash last: the order must not change with the content.
  const nameOf = (path) => path.replace(/^([^-]*)-(.*)$/, "$2-$1");
  const byName = (a, b) => (nameOf(a) < nameOf(b) ? -1 : 1);
  return [...references.keys()].sort((a, b) => ways.get(b) - ways.get(a) || byName(a, b));
}

module.exports = { order };
