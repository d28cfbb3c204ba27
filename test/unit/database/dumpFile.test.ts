/** Which files are dumps, and what is shown of those that are none; with what is counted in them. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { feed, readArchive } from "../../../lib/database/backup/dump.ts";
import { requireSpace } from "../../../lib/database/freeSpace.ts";
import { differingRows, inNumbers, majorOf } from "../../../lib/database/postgres.ts";
import { examine } from "../../../lib/database/restore/file.ts";
import { start } from "../../../lib/process.ts";
import { fake } from "../../support/programs.ts";

const PLAIN = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n";
const ARCHIVE = Buffer.from("PGDMP\u0001\u000e\u0000SET a = 1;\nSET b = 1;\nSET c = 1;\n");
/** More than one piece. */
const MANY = randomBytes(200_000);
const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);
const throughTerminal = (bytes: Buffer) =>
  Buffer.from(bytes.toString("latin1").replaceAll("\n", "\r\n"), "latin1");

describe("a dump on the disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "agatha-file-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function written(bytes: Buffer, sha256?: string): string {
    const path = join(folder, "x.dump");
    writeFileSync(path, bytes);
    if (sha256 !== undefined) writeFileSync(`${path}.sha256`, sha256);
    return path;
  }
  const sum = (bytes: Buffer) => `${createHash("sha256").update(bytes).digest("hex")}  x.dump\n`;

  it("is read as it is, with or without a checksum beside it", async () => {
    expect(await examine(written(ARCHIVE), "x")).toMatchObject({ isChecked: false, isArchive: true });
    expect((await examine(written(ARCHIVE, sum(ARCHIVE)), "x")).isChecked).toBe(true);
  });

  it("is SQL text, too: of the first version with these lines, and with line ends of its own in a function", async () => {
    for (const text of [PLAIN, `${PLAIN.slice(3)}CREATE FUNCTION f() AS $$\r\n$$;\r\n`])
      expect((await examine(written(Buffer.from(text)), "x")).isArchive).toBe(false);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      "that is UTF-16, as PowerShell makes it",
      utf16(PLAIN),
      /x.dump was rewritten .* \(UTF-16 or UTF-8\), .*exec -T/,
    ],
    [
      "that was an archive before PowerShell",
      utf16("PGDMP\u0001"),
      /x.dump was rewritten .* \(UTF-16 or UTF-8\)/,
    ],
    ["with a byte order mark", Buffer.from(`\ufeff${PLAIN}`), /x.dump was rewritten .* a byte order mark/],
    [
      "of text that went through a terminal",
      throughTerminal(Buffer.from(PLAIN)),
      /x.dump was rewritten .* CR LF line ends/,
    ],
    ["of an archive that went through a terminal", throughTerminal(ARCHIVE), /x.dump was rewritten .* CR LF/],
    [
      "of pg_dumpall",
      Buffer.from("--\n-- PostgreSQL database cluster dump\n--\n"),
      /x.dump holds all databases .* pg_dump -U postgres -Fc/,
    ],
    [
      "with a warning before the dump",
      Buffer.concat([Buffer.from("WARN\u001b[0000] obsolete\n"), ARCHIVE]),
      /x.dump is no dump in .*\. It begins with "WARN\\u001b\[0000\] obsolete"\. Give/,
    ],
    [
      "with a prompt before the text",
      Buffer.from(`Password: \n${PLAIN}`),
      /x.dump is no dump .*"Password: "/,
    ],
    [
      "that is none",
      Buffer.from("# Read me\n"),
      /x.dump is no dump in PostgreSQL's custom format or as SQL\. It begins with "# Read me"\. Give/,
    ],
    ["that is empty", Buffer.alloc(0), /x.dump is no dump/],
  ])("%s is refused", async (_, bytes, message) => {
    await expect(examine(written(bytes), "x.dump")).rejects.toThrow(message);
  });

  it("is unpacked while it is read, as often as it is", async () => {
    const packed = gzipSync(PLAIN);
    const file = await examine(written(packed, sum(packed)), "x");
    expect(file).toMatchObject({ isChecked: true, isArchive: false });
    expect(await text(file.read())).toBe(PLAIN);
    expect(await text(file.read())).toBe(PLAIN);
  });

  // It waited for the rest for ever.
  it.each<[string, (packed: Buffer) => Buffer]>([
    ["packed file that is cut off", (packed) => packed.subarray(0, -2000)],
    ["archive that is cut off and packed", () => gzipSync(Buffer.concat([ARCHIVE, MANY]).subarray(0, -2000))],
  ])("lets the program that reads it end: %s", async (_, cut) => {
    const path = written(cut(gzipSync(Buffer.concat([ARCHIVE, MANY]))));
    const docker = [
      `cat > ${folder}/got`,
      'echo "pg_restore: error: could not read from input file" >&2',
      "exit 1",
    ];
    const before = process.env["PATH"];
    Object.assign(process.env, fake(folder, "docker", docker));
    try {
      const { read } = await examine(path, "x.dump");
      await expect(readArchive("db", "x.dump", read())).rejects.toThrow(
        /the dump cannot be read: |^x\.dump cannot be read by pg_restore: could not read from input file\nThe file is cut off/,
      );
      await expect.poll(() => statSync(`${folder}/got`).size).toBeGreaterThan(0);
      const program = start("docker", []);
      await feed(read(), program).catch(() => undefined);
      expect((await program.ended).code).toBe(1);
    } finally {
      process.env["PATH"] = before;
    }
  });

  it.each<[string, Buffer, string | undefined, RegExp]>([
    [
      "it is damaged",
      ARCHIVE,
      `${"c".repeat(64)}  x\n`,
      /x\.dump is damaged: its checksum is .*x\.dump\.sha256 says c+\. /,
    ],
    ["its checksum is unreadable", ARCHIVE, "?", /is damaged: .* says unreadable/],
    [
      "it is packed and cut off",
      gzipSync(PLAIN).subarray(0, 40),
      undefined,
      /the dump cannot be read: unexpected end/,
    ],
    ["what is packed is no dump", gzipSync("x"), undefined, /x\.dump is no dump/],
  ])("is refused if %s", async (_, bytes, sha256, message) => {
    await expect(examine(written(bytes, sha256), "x.dump")).rejects.toThrow(message);
  });
});

describe("room", () => {
  it("is refused with both numbers if it may not do", () => {
    expect(() => requireSpace("/mnt/x", 1_000_000, 2_500_000)).toThrow(
      "/mnt/x: has 1.0 MB free, and a backup takes up to 2.5 MB. Make room there, or set agatha:backups.to to another place.",
    );
    expect(() => requireSpace("/mnt/x", 2_500_000, 2_500_000)).not.toThrow();
  });
});

describe("counted rows", () => {
  it("are compared table by table, also if one has none", () => {
    const dump = new Map([
      ["public.a", 1],
      ["public.b", 2],
      ["public.none", 0],
    ]);
    expect(differingRows(dump, new Map(dump))).toEqual([]);
    expect(
      differingRows(
        dump,
        new Map([
          ["public.a", 1],
          ["public.b", 3],
          ["public.c", 4],
        ]),
      ),
    ).toEqual(["public.b: 2 and 3 rows", "public.c: no and 4 rows"]);
  });

  it("are shown in numbers", () => {
    expect(inNumbers(new Map([["a", 1]]))).toBe("1 table, 1 row");
    expect(
      inNumbers(
        new Map([
          ["a", 1],
          ["b", 0],
          ["c", 7],
        ]),
      ),
    ).toBe("3 tables, 8 rows");
  });

  it.each([
    ["13.14", 13],
    ["17.2", 17],
    ["18beta1", 18],
  ])("of version %s belong to major %i", (version, major) => {
    expect(majorOf(version)).toBe(major);
  });
});
