/** What is read from a dump's text. */
import { describe, expect, it } from "vitest";
import { DumpText } from "../../../lib/database/dumpText.ts";

function read(text: string, size = text.length): DumpText {
  const [dump, bytes] = [new DumpText(), Buffer.from(text)];
  for (let at = 0; at < bytes.length; at += size) dump.push(bytes.subarray(at, at + size));
  return dump;
}

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
    const dump = read(SQL, size);
    expect(Object.fromEntries(dump.rows)).toEqual(expected);
    expect(dump.bytes).toBe(Buffer.byteLength(SQL));
  });

  it("may be longer than what is kept of a line", () => {
    const dump = new DumpText();
    dump.push(Buffer.from("COPY public.big (a) FROM stdin;\n"));
    for (let i = 0; i < 5; i++) dump.push(Buffer.alloc(1 << 20, "x"));
    dump.push(Buffer.from("\n1\n\\.\n"));
    expect(dump.rows.get("public.big")).toBe(2);
  });

  it("of tables without a schema, as old versions write them, are in the one that was set", () => {
    const text = "SET search_path = app, pg_catalog;\nCOPY old (id) FROM stdin;\n1\n\\.\n";
    expect([...read(text).rows]).toEqual([["app.old", 1]]);
  });

  it("are not counted if they are INSERTs; a function that inserts is no row", () => {
    const [insert, data] = ["INSERT INTO public.a VALUES (1);\n", "-- Data for Name: a; Type: TABLE DATA\n"];
    expect(read(`${data}${insert}`).inserts).toBe(true);
    expect(read(`-- Name: f(); Type: FUNCTION\nCREATE FUNCTION f() AS $$\n${insert}$$;\n`).inserts).toBe(
      false,
    );
  });
});

describe("the roles that a dump names", () => {
  const schema = `
ALTER TABLE public.budget OWNER TO postgres;
ALTER FUNCTION public."x OWNER TO y"() OWNER TO "Odd ""role""";
GRANT SELECT ON TABLE public.budget TO reader;
GRANT ALL ON SCHEMA public TO PUBLIC;
GRANT SELECT ON TABLE public.budget TO lender WITH GRANT OPTION;
REVOKE ALL ON TABLE public.budget FROM former;
ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA public GRANT SELECT ON TABLES TO viewer;
CREATE POLICY p ON public.budget FOR SELECT TO "Odd, one", auditor USING ((name = ' TO nobody USING '));
CREATE POLICY q ON public.budget TO PUBLIC USING (true);
CREATE USER MAPPING FOR mapped SERVER far;
CREATE USER MAPPING FOR public SERVER far;
SET SESSION AUTHORIZATION grantor;
SET SESSION AUTHORIZATION DEFAULT;
-- GRANT x TO nobody;
ALTER DATABASE app OWNER TO dba;
REVOKE CONNECT,TEMPORARY ON DATABASE app FROM PUBLIC;
GRANT CONNECT ON DATABASE app TO monitoring;
REVOKE GRANT OPTION FOR ALL ON DATABASE app FROM monitoring;
COPY public.t (x) FROM stdin;
GRANT SELECT ON TABLE public.budget TO row;
\\.
`;

  it("are its owners, grantees and those of policies, but not everybody, nor whom the database alone names", () => {
    expect([...read(schema).roles].sort()).toEqual([
      'Odd "role"',
      "Odd, one",
      "auditor",
      "former",
      "grantor",
      "lender",
      "maker",
      "mapped",
      "postgres",
      "reader",
      "viewer",
    ]);
  });
});

describe("a dump's text", () => {
  const HEAD = `--
-- PostgreSQL database dump
--

\\restrict a1B2

-- Dumped from database version 13.14 (Debian 13.14-1)
-- Dumped by pg_dump version 15.18

SET client_encoding = 'LATIN1';
`;
  const CREATE = `CREATE DATABASE "sh op" WITH TEMPLATE = template0 ENCODING = 'UTF8' LC_COLLATE = 'de_DE.utf8' LC_CTYPE = 'C';
ALTER DATABASE "sh op" OWNER TO postgres;
\\unrestrict a1B2
\\connect -reuse-previous=on "dbname='sh op'"
`;
  const BODY = `\\restrict a1B2
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
CREATE EXTENSION hstore;
CREATE FUNCTION public.f() RETURNS text AS $$
\\d is no command here
$$;
COPY public.t (x) FROM stdin;
\\! touch x
\\.
--
-- PostgreSQL database dump complete
--

\\unrestrict a1B2
`;

  it("says what it was taken from, what it needs, and that it is whole", () => {
    const dump = read(HEAD + CREATE + BODY);
    expect(dump.database).toEqual({ name: "sh op", encoding: "LATIN1", locale: "de_DE.utf8" });
    expect([dump.serverVersion, dump.token, dump.whole]).toEqual(["13.14", "a1B2", true]);
    expect([...dump.extensions]).toEqual(["uuid-ossp", "hstore"]);
    expect(dump.refused).toBeUndefined();
    expect(read(HEAD + BODY.slice(0, 100)).whole).toBe(false);
  });

  it.each([1, 10, 4096])("begins after the statements for its database, in pieces of %i bytes", (size) => {
    expect(read(HEAD + CREATE + BODY, size).start).toBe((HEAD + CREATE).length);
    expect(read(HEAD + BODY, size).start).toBe(0);
  });

  it.each(["\\connect other", "\\c other", "\\! rm -r /", "\\i /etc/passwd", "\\copy t to 'x'"])(
    "is refused for what psql would do on its own: %s",
    (command) => {
      expect(read(`${HEAD}${BODY}${command}\n`).refused).toContain(
        `has a command of psql in line 25, ${JSON.stringify(command)}, which could reach`,
      );
    },
  );

  it.each([
    ["DROP TABLE public.t;\n", /^was taken with --clean/],
    ["ALTER TABLE ONLY public.t DROP CONSTRAINT p;\n", /^was taken with --clean/],
    ["DROP TABLE IF EXISTS public.t;\nDROP DATABASE x;\n", undefined],
  ])("is refused if it drops what is not there: %s", (drops, refused) => {
    const dump = read(HEAD + drops + BODY);
    if (refused === undefined) expect(dump.refused).toBeUndefined();
    else expect(dump.refused).toMatch(refused);
  });

  it("says whether it makes the schema that each database has", () => {
    expect(read(`${HEAD}CREATE SCHEMA public;\n`).createsPublic).toBe(true);
    expect(read(`${HEAD}DROP SCHEMA IF EXISTS public;\nCREATE SCHEMA public;\n`).createsPublic).toBe(false);
    expect(read(HEAD).createsPublic).toBe(false);
  });

  it("has a schema history, whatever the order of its columns", () => {
    const rows = `COPY public.flyway_schema_history (version, success, checksum, script, type) FROM stdin;
1\tt\t-12\tV1__a.sql\tSQL
\\N\tf\t\\N\ta\\\\R__b.sql\tSQL
\\.
`;
    expect(read(rows).history).toEqual([
      { version: "1", success: true, checksum: -12, script: "V1__a.sql", type: "SQL" },
      { version: null, success: false, checksum: null, script: "a\\R__b.sql", type: "SQL" },
    ]);
    expect(read(HEAD + BODY).history).toBeUndefined();
  });
});
