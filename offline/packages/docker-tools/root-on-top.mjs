// Run by Nix after make-image.js: moves the layer of what is in no store path from the bottom to the top.

import fs from "node:fs";

const file = `${process.env.conf}/image.json`;
const image = JSON.parse(fs.readFileSync(file, "utf8"));
for (const list of [image.layers, image.config.rootfs.diff_ids, image.config.history]) list.push(list.shift());
fs.writeFileSync(file, JSON.stringify(image));
