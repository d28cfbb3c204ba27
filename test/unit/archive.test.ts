import { describe, expect, it } from "vitest";
import { RowCounter, readHeader } from "../../lib/database/backup/archive.ts";

/** A custom archive's header, as pg_dump writes it. */
function header(minor: number, server: string, format = 1): Buffer {
  const integer = (value: number) => {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt32LE(value, 1);
    return bytes;
  };
  const text = (value: string) => Buffer.concat([integer(Buffer.byteLength(value)), Buffer.from(value)]);
  const compression = minor >= 15 ? Buffer.from([1]) : integer(6);
  const date = Array.from({ length: 7 }, () => integer(24));
  const fixed = Buffer.from([1, minor, 0, 4, 8, format]);
  return Buffer.concat([
    Buffer.from("PGDMP"),
    fixed,
    compression,
    ...date,
    text("bücher"),
    text(server),
    text("15.8 (Debian 15.8-0+deb12u1)"),
    Buffer.from("the rest"),
  ]);
}

describe("a dump's header", () => {
  it.each([14, 15, 16])("of format 1.%i tells database and versions", (minor) => {
    expect(readHeader(header(minor, "13.14 (Debian)"))).toEqual({
      database: "bücher",
      serverVersion: "13.14",
      dumpVersion: "15.8",
    });
  });

  it.each<[string, Buffer]>([
    ["text", Buffer.from("-- PostgreSQL database dump\n")],
    ["an empty file", Buffer.alloc(0)],
    ["the magic word alone", Buffer.from("PGDMP")],
    ["another format of pg_dump", header(14, "13.14", 3)],
    ["a header that is cut off", header(14, "13.14").subarray(0, 60)],
    ["a version that is none", header(14, "latest")],
  ])("is not found in %s", (_, bytes) => {
    expect(readHeader(bytes)).toBeUndefined();
  });
});

const SQL = String.raw`SET search_path = '';
COPY public.budget (id, name) FROM stdin;
1	COPY public.other (id) FROM stdin;
2	\\.
3	a\nb
\.

COPY "Odd ""one"".x"."ta.ble" (a) FROM stdin;
\.
COPY public.empty  FROM stdin;


\.
SELECT pg_catalog.setval('public.budget_id_seq', 3, true);
`;

describe("the rows in a dump's text", () => {
  const expected = { "public.budget": 3, 'Odd "one".x.ta.ble': 0, "public.empty": 2 };

  it.each([1, 2, 7, 64, 10_000])("are counted by table, in pieces of %i bytes", (size) => {
    const counter = new RowCounter();
    const bytes = Buffer.from(SQL);
    for (let at = 0; at < bytes.length; at += size) counter.push(bytes.subarray(at, at + size));
    expect(Object.fromEntries(counter.rows)).toEqual(expected);
    expect(counter.bytes).toBe(bytes.length);
  });

  it("may be longer than what is kept of a line", () => {
    const counter = new RowCounter();
    counter.push(Buffer.from("COPY public.big (a) FROM stdin;\n"));
    for (let i = 0; i < 5; i++) counter.push(Buffer.alloc(1 << 20, "x"));
    counter.push(Buffer.from("\n1\n\\.\n"));
    expect(counter.rows.get("public.big")).toBe(2);
  });
});
