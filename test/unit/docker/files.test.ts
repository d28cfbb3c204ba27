import { Readable } from "node:stream";
import tar from "tar-stream";
import { expect, it } from "vitest";
import { archiveOf } from "../../../lib/docker/volumeFiles.ts";

it("an archive has files only for their owner, with their bytes, below folders of root", async () => {
  const bytes = Buffer.from([0, 255, 10, 13, 128]);
  const archive = await archiveOf({
    folders: [
      { path: "/home", keep: false },
      { path: "/etc/app", keep: true },
    ],
    files: [
      { path: "/home/a b'$HOME", content: "", mode: "0600" },
      { path: "/home/conf/deep/store.p12", content: bytes.toString("base64"), mode: "0400" },
      { path: "/etc/app/ü.conf", content: Buffer.from("x").toString("base64"), mode: "0400" },
    ],
    ...{ owner: "65534:65533", image: "i", stack: "s", label: "l", prefix: "p" },
  });
  const entries: Record<string, unknown> = {};
  const extract = Readable.from([archive]).pipe(tar.extract());
  for await (const entry of extract) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, type, mode, uid, gid } = entry.header;
    entries[name] = [type, mode?.toString(8), uid, gid, Buffer.concat(chunks).toString("hex")];
  }
  expect(entries).toEqual({
    "home/conf": ["directory", "755", 0, 0, ""],
    "home/conf/deep": ["directory", "755", 0, 0, ""],
    "home/a b'$HOME": ["file", "600", 65534, 65533, ""],
    "home/conf/deep/store.p12": ["file", "400", 65534, 65533, bytes.toString("hex")],
    "etc/app/ü.conf": ["file", "400", 65534, 65533, "78"],
  });
});
