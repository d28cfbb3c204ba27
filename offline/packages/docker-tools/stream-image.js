// `node stream-image.js CONF`: writes the image that make-image.js worked out to stdout, as `docker load` reads it.
// With `--layers`, only what the layers are: JSON, [{ digest, size, paths }]. With `--without DIGEST...`, an archive that
// names those layers and leaves out their bytes, for a daemon that has them.

const crypto = require("node:crypto");
const fs = require("node:fs");
const { once } = require("node:events");
const tar = require("./tar.js");
const { storeLayer } = require("./layers.js");

const [conf, ...options] = process.argv.slice(2);
const { repoTag, config, layers, storeOwner, layerName } = JSON.parse(fs.readFileSync(`${conf}/image.json`, "utf8"));

function* layerContent(layer) {
  if (layer.paths.length > 0) yield* storeLayer(layer, storeOwner);
  else yield* tar.fileContent(`${conf}/root.tar`, layer.size);
}

function* archive() {
  const configBytes = Buffer.from(JSON.stringify(config));
  const configName = `${crypto.createHash("sha256").update(configBytes).digest("hex")}.json`;
  const nameOf = (layer) => `${layer.digest.replace("sha256:", "")}${layerName}`;
  const manifest = [{ Config: configName, RepoTags: [repoTag], Layers: layers.map(nameOf) }];
  yield* tar.bytes("manifest.json", Buffer.from(JSON.stringify(manifest)));
  yield* tar.bytes(configName, configBytes);
  const without = new Set(options[0] === "--without" ? options.slice(1) : []);
  for (const layer of layers) {
    if (without.has(layer.digest)) continue;
    // Archives are whole blocks, so nothing pads them.
    yield* tar.header({ name: nameOf(layer), type: "0", mode: 0o644, size: layer.size });
    yield* layerContent(layer);
  }
  yield tar.end;
}

async function main() {
  if (options[0] === "--layers") {
    const list = layers.map(({ digest, size, paths }) => ({ digest, size, paths }));
    process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
    return;
  }
  for (const chunk of archive()) {
    if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
  }
}

process.stdout.on("error", (error) => {
  // Whoever reads went away, and says why itself.
  process.exitCode = 1;
  if (error.code !== "EPIPE") console.error(`docker-tools: the image cannot be written (${error.code}).`);
  process.exit();
});
main();
