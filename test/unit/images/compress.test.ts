import { randomBytes } from "node:crypto";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compress } from "../../../lib/images/load.ts";

const MEGABYTE = 1 << 20;
const chunks = (bytes: Buffer) =>
  Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, i) =>
    bytes.subarray(i * 65536, (i + 1) * 65536),
  );
const sent = (bytes: Buffer, dockerHost?: string) =>
  buffer(compress(Readable.from(chunks(bytes)), dockerHost));

/** A layer that cannot be made smaller, with an archive's own kilobytes of hardly anything. */
const small = Buffer.concat([randomBytes(126_000), Buffer.alloc(5000)]);
const large = Buffer.concat([small, randomBytes(MEGABYTE)]);

describe("what is sent", () => {
  it("to this machine is compressed if it is small, and so no larger than the layer in it", async () => {
    const bytes = await sent(small);
    expect(gunzipSync(bytes)).toEqual(small);
    expect(bytes.length).toBeLessThan(126_000 * 1.01);
  });

  it("to this machine is unchanged if it is larger", async () => {
    expect(await sent(large)).toEqual(large);
    expect(await sent(large, "unix:///run/docker.sock")).toEqual(large);
  });

  it.each(["ssh://root@host", "tcp://10.0.0.1:2375"])("to %s is compressed", async (host) => {
    const bytes = await sent(
      Buffer.concat([large, large.subarray(0, 4 * 65536), Buffer.alloc(MEGABYTE)]),
      host,
    );
    expect(bytes.length).toBeLessThan(large.length + 5 * 65536);
    expect(gunzipSync(bytes).length).toBe(large.length + 4 * 65536 + MEGABYTE);
  });

  it.each([undefined, "ssh://root@host"])("fails if the archive breaks off (%s)", async (host) => {
    const archive = Readable.from(
      (async function* () {
        yield small;
        throw new Error("broken");
      })(),
    );
    await expect(buffer(compress(archive, host))).rejects.toThrow("broken");
  });

  it.each([undefined, "ssh://root@host"])(
    "is given up at once with its reader, though its program is silent (%s)",
    async (host) => {
      const archive = new PassThrough();
      archive.write("the beginning");
      const out = compress(archive, host);
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      const sent = pipeline(out, sink);
      await setImmediate();
      sink.destroy();
      await expect(sent).rejects.toThrow();
      expect(archive.destroyed).toBe(true);
    },
  );
});
