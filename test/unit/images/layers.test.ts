import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { layersBeside, leaveOut } from "../../../lib/images/layers.ts";

const digest = (letter: string) => letter.repeat(64);
const layer = (letter: string) => `sha256:${digest(letter)}`;

/** How an archive names a layer. */
type Naming = (letter: string) => string;
const dockerTools: Naming = (letter) => `${digest(letter)}/layer.tar`;

/** An archive as dockerTools write it; a layer's content is its letter, 1000 times its position. */
async function archive(letters: string[], naming: Naming = dockerTools): Promise<Buffer> {
  const pack = tar.pack();
  letters.forEach((letter, index) => {
    pack.entry({ name: naming(letter) }, letter.repeat(1000 * (index + 1)));
  });
  pack.entry({ name: "manifest.json" }, "[]");
  pack.finalize();
  return buffer(pack);
}

async function names(bytes: Buffer): Promise<string[]> {
  const extract = tar.extract();
  Readable.from([bytes]).pipe(extract);
  const found: string[] = [];
  for await (const entry of extract) {
    found.push(entry.header.name.slice(0, 1));
    entry.resume();
  }
  return found;
}

async function send(letters: string[], images: string[][], naming: Naming = dockerTools) {
  const layers = layersBeside(images.map((image) => image.map(layer)));
  const out = leaveOut(Readable.from([await archive(letters, naming)]), layers);
  return { names: await names(await buffer(out)), sent: layers.sent };
}

describe("an archive on its way to the daemon", () => {
  it("is unchanged if the daemon has nothing", async () => {
    const { names, sent } = await send(["a", "b"], []);
    expect(names).toEqual(["a", "b", "m"]);
    expect(sent).toEqual({ layers: 2, bytes: 3000, ofLayers: 2, ofBytes: 3000 });
  });

  it("leaves out the layers that are the lowest ones of an image in the daemon", async () => {
    const { names, sent } = await send(["a", "b", "c"], [["x"], ["a", "b", "d"]]);
    expect(names).toEqual(["c", "m"]);
    expect(sent).toEqual({ layers: 1, bytes: 3000, ofLayers: 3, ofBytes: 6000 });
  });

  it("leaves out layers of a pulled image, which have skopeo's names", async () => {
    const skopeo: Naming = (letter) => `${digest(letter)}.tar`;
    const mixed: Naming = (letter) => (letter === "c" ? dockerTools : skopeo)(letter);
    const { names, sent } = await send(["a", "b", "c"], [["a", "b"]], mixed);
    expect(names).toEqual(["c", "m"]);
    expect(sent).toEqual({ layers: 1, bytes: 3000, ofLayers: 3, ofBytes: 6000 });
  });

  it("does not take a link with a layer's former name for a layer", async () => {
    const pack = tar.pack();
    pack.entry({ name: `${digest("a")}.tar` }, "a");
    pack.entry({ name: `${digest("9")}/layer.tar`, type: "symlink", linkname: `../${digest("a")}.tar` });
    pack.entry({ name: `${digest("b")}.tar` }, "b");
    pack.finalize();
    const layers = layersBeside([[layer("a"), layer("b")]]);
    const out = leaveOut(Readable.from([await buffer(pack)]), layers);
    expect(await names(await buffer(out))).toEqual(["9"]);
    expect(layers.sent).toMatchObject({ layers: 0, ofLayers: 2 });
  });

  it("sends what is above a new layer, since docker knows layers by those below them", async () => {
    expect((await send(["a", "n", "c"], [["a", "b", "c"]])).names).toEqual(["n", "c", "m"]);
  });

  it("does not take a layer for known because an image has it in another place", async () => {
    expect((await send(["b", "a"], [["a", "b"]])).names).toEqual(["b", "a", "m"]);
  });

  it("does not change the bytes that it sends", async () => {
    const whole = await archive(["a", "b"]);
    expect(await buffer(leaveOut(Readable.from([whole]), layersBeside([])))).toEqual(whole);
  });

  it("fails if the archive breaks off", async () => {
    const broken = (await archive(["a", "b"])).subarray(0, 2000);
    await expect(buffer(leaveOut(Readable.from([broken]), layersBeside([])))).rejects.toThrow();
    const inKnown = (await archive(["a", "b"])).subarray(0, 1000);
    await expect(buffer(leaveOut(Readable.from([inKnown]), layersBeside([[layer("a")]])))).rejects.toThrow();
  });
});

describe("an image whose layers are known beforehand", () => {
  it("leaves out the same layers as the filter of the archive", async () => {
    for (const images of [[], [["x"], ["a", "b", "d"]], [["b", "c"]], [["a", "b", "c"]]]) {
      const layers = layersBeside(images.map((image) => image.map(layer)));
      const goes = ["a", "b", "c"].filter((letter, index) => !layers.has(layer(letter), 1000 * (index + 1)));
      expect(await send(["a", "b", "c"], images)).toEqual({ names: [...goes, "m"], sent: layers.sent });
    }
  });
});
