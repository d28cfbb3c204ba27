// Run by Nix: works out an image's layers and their digests, and writes to $conf what stream-image.js needs:
// image.json, { repoTag, config, layers: [{ digest, size, paths, contents }] }, and root.tar, the first layer.

const crypto = require("node:crypto");
const fs = require("node:fs");
const { rootLayer, storeLayer } = require("./layers.js");
const { order } = require("./order.cjs");

const { conf, imageName, tag, plan: planJson } = process.env;
const plan = JSON.parse(planJson);
const { storeOwner, layerName } = plan;

/** Reads Nix's reference graph: per path four or more lines: path, deriver, number of references, references. */
function readClosure(file, references) {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  for (let i = 0; i + 2 < lines.length; ) {
    const count = Number(lines[i + 2]);
    references.set(
      lines[i],
      lines.slice(i + 3, i + 3 + count).filter((path) => path !== lines[i]),
    );
    i += 3 + count;
  }
}

/** One layer a path; where there are more paths than layers, the last has the rest. */
function group(paths, limit) {
  const alone = paths.length <= limit ? paths.length : limit - 1;
  const groups = paths.slice(0, alone).map((path) => [path]);
  return alone < paths.length ? [...groups, paths.slice(alone)] : groups;
}

function measure(chunks, file) {
  const hash = crypto.createHash("sha256");
  let size = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
    if (file !== undefined) fs.writeSync(file, chunk);
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

const references = new Map();
for (let i = 0; i < plan.contents.length; i++) readClosure(`closure-${i}`, references);
fs.mkdirSync(conf);
const owners = { ...plan.owners };
for (const line of fs.readFileSync("owners", "utf8").split("\n").filter(Boolean)) {
  const [, uid, gid, name] = /^(\d+):(\d+) (.*)$/.exec(line);
  owners[name] = [Number(uid), Number(gid)];
}
// First, because it hardly ever changes.
const rootFile = fs.openSync(`${conf}/root.tar`, "w");
const root = { ...measure(rootLayer("root", owners), rootFile), paths: [], contents: [] };
fs.closeSync(rootFile);
const layers = [root];
for (const paths of group(order(references), plan.maxLayers - 1)) {
  const layer = { paths, contents: paths.filter((path) => plan.contents.includes(path)) };
  layers.push({ ...measure(storeLayer(layer, storeOwner)), ...layer });
}

const config = {
  architecture: plan.architecture,
  os: "linux",
  created: plan.created,
  config: plan.config,
  rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  history: layers.map(({ paths }) => ({
    created: plan.created,
    created_by: paths.map((path) => path.replace(/^.*\/[^-]*-/, "")).join(" ") || "files of the image itself",
  })),
};
const imageTag = tag || conf.replace(/^.*\/([^-]*)-[^/]*$/, "$1");
fs.writeFileSync(`${conf}/image.json`, JSON.stringify({ repoTag: `${imageName}:${imageTag}`, config, layers, storeOwner, layerName }));
