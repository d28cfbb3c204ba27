// What is in a layer, as the bytes of its archive.

const fs = require("node:fs");
const path = require("node:path");
const tar = require("./tar.js");

/**
 * The bytes of a layer of store paths: { paths, contents }, `contents` being those of them that are linked at the root.
 *
 * @param owner Whose the paths are: [uid, gid].
 */
function* storeLayer({ paths, contents }, owner) {
  const store = path.dirname(paths[0]).slice(1);
  for (let depth = 1; depth <= store.split("/").length; depth++) {
    yield* tar.directory(store.split("/").slice(0, depth).join("/"), 0o755, owner);
  }
  for (const storePath of paths) yield* tar.tree(storePath, storePath.slice(1), () => owner);
  for (const storePath of contents) yield* links(storePath, "");
  yield tar.end;
}

/** Below the root, not linked: what only the package's own programs find, by their absolute paths. */
const PRIVATE = ["lib", "nix-support"];

/** Folders as folders, everything else as a link to it: so several packages share a /bin. */
function* links(storePath, below) {
  for (const entry of fs.readdirSync(storePath + below).sort()) {
    if (below === "" && PRIVATE.includes(entry)) continue;
    const name = `${below}/${entry}`;
    if (fs.lstatSync(storePath + name).isDirectory()) {
      yield* tar.directory(name.slice(1));
      yield* links(storePath, name);
    } else {
      yield* tar.symlink(name.slice(1), storePath + name);
    }
  }
}

/** The bytes of the layer of what is in no store path; `owners` maps names to [uid, gid]. */
function* rootLayer(folder, owners) {
  for (const entry of fs.readdirSync(folder).sort()) yield* tar.tree(`${folder}/${entry}`, entry, (name) => owners[name] ?? [0, 0]);
  yield tar.end;
}

module.exports = { rootLayer, storeLayer };
