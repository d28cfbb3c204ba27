/** The way in which every archive is restored: what becomes of pg_restore's script, and what a failure shows. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { write } from "../../../lib/database/backup/dump.ts";
import { whatIsSaved } from "../../../lib/database/backup/save.ts";
import { settingsIn } from "../../../lib/database/properties.ts";
import { RESTORE, requireDone } from "../../../lib/database/restoreScript.ts";
import { DONE } from "../../../lib/docker/client.ts";

const EMPTIES = "SELECT pg_catalog.set_config('search_path', '', false);";

describe("pg_restore's script", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "agatha-restoring-"));
    const program = (name: string, text: string) =>
      writeFileSync(join(folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    // The archive is the script already.
    program("pg_restore", 'cat; exit "$PG_RESTORE_ENDS"');
    program("psql", `cat > ${folder}/psql-got; exit "$PSQL_ENDS"`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function restore(script: string, ends = { PG_RESTORE_ENDS: "0", PSQL_ENDS: "0" }): string {
    const env = { ...process.env, ...ends, PATH: `${folder}:${process.env["PATH"]}` };
    const shell = `set -euo pipefail; ${RESTORE}; restore "$1"`;
    execFileSync("bash", ["-c", shell, "bash", `E'"$user", "it''s"'`], { input: script, env, stdio: "pipe" });
    return readFileSync(join(folder, "psql-got"), "utf8");
  }

  it("keeps the database's search_path, and has the same words in rows and functions as they are", () => {
    const rest = `COPY public.t (x) FROM stdin;\n${EMPTIES}\n\\.\n  ${EMPTIES}\nä\\b \n`.repeat(3000);
    const own = `SELECT pg_catalog.set_config('search_path', E'"$user", "it''s"', false);`;
    expect(restore(`\n-- title\n\\restrict x\nSET a = 'b';\n${EMPTIES}\n${rest}`)).toBe(
      `\n-- title\n\\restrict x\nSET a = 'b';\n${own}\n${rest}`,
    );
  });

  it("of an archive that does not empty it is left as it is", () => {
    const script = `${"SET a = 'b';\n".repeat(70)}${EMPTIES}\n`;
    expect(restore(script)).toBe(script);
  });

  it.each([
    { PG_RESTORE_ENDS: "1", PSQL_ENDS: "0" },
    { PG_RESTORE_ENDS: "0", PSQL_ENDS: "3" },
  ])("fails if one of the programs does: %o", (ends) => {
    expect(() => restore(`${EMPTIES}\n`, ends)).toThrow();
  });
});

describe("a restore that fails", () => {
  const words = (stderr: string) =>
    requireDone("x", { code: 3, stdout: "", stderr, output: "" }).catch((error: Error) =>
      error.message.replace(/^x: /, ""),
    );

  it("shows the first error, without those that follow from it", async () => {
    expect(
      await words(
        `pg_restore: error: could not write to output file: Broken pipe\npsql:<stdin>:9: ERROR:  duplicate key\nDETAIL:  Key (id)=(1).\npsql:<stdin>:12: ERROR:  other`,
      ),
    ).toBe("duplicate key\nDETAIL:  Key (id)=(1).");
    expect(await words("pg_restore: error: could not read from input file: end of file\n")).toBe(
      "could not read from input file: end of file\nThe file is cut off or damaged. Take another backup, or another copy of this one.",
    );
  });

  it("for a CHECK that reads other tables says that NOT VALID helps", async () => {
    const said = await words(
      'psql:<stdin>:9: ERROR:  new row for relation "aa" violates check constraint "aa_check"\nDETAIL:  Failing row contains (1).',
    );
    expect(said).toContain(
      "ALTER TABLE aa DROP CONSTRAINT aa_check, ADD CONSTRAINT aa_check CHECK (…) NOT VALID.",
    );
  });

  it("for a function that PostgreSQL 17 calls with an empty search_path says to give it one", async () => {
    const said = await words(
      'psql:<stdin>:9: ERROR:  relation "spending_limit" does not exist\nLINE 1: select\nQUERY:  select\nCONTEXT:  PL/pgSQL function app.rounded(bigint) line 1 at RETURN',
    );
    expect(said).toMatch(
      /^relation "spending_limit" does not exist\nCONTEXT: .*app\.rounded.*\n.*ALTER FUNCTION app\.rounded\(bigint\) SET/,
    );
    // Without a function there is no such remedy.
    expect(await words('psql:<stdin>:9: ERROR:  role "x" does not exist')).toBe('role "x" does not exist');
  });

  it.each(['must be member of role "app"', 'must be able to SET ROLE "app"'])(
    "for owners that the stack's role may not set says how to leave them out: %s",
    async (error) => {
      expect(await words(`psql:<stdin>:9: ERROR:  ${error}`)).toMatch(
        new RegExp(`^${error}\n.*with -Fc, .*--no-owner --no-acl\\.$`),
      );
    },
  );

  it("is one if docker ends with 0 and the program in the container never said that it was done", async () => {
    // `docker exec` of a 20.10 client does so when a signal ends it.
    const interrupted = { code: 0, stdout: "", stderr: "", output: "" };
    await expect(requireDone("pg_dump failed", interrupted)).rejects.toThrow("pg_dump failed: ");
    await expect(
      requireDone("pg_dump failed", { ...interrupted, stderr: `x\n${DONE}\n` }),
    ).resolves.toBeUndefined();
  });
});

it("a dump's own settings are taken from its properties alone, for another name", () => {
  const script = `--
-- Name: d; Type: DATABASE; Schema: -; Owner: postgres
--
ALTER DATABASE d OWNER TO postgres;
\\connect d
-- Name: d; Type: DATABASE PROPERTIES; Schema: -; Owner: postgres
--

ALTER DATABASE d SET search_path TO '$user', 'it''s; odd
line';
ALTER DATABASE d SET work_mem TO '5MB';
ALTER ROLE "Odd ""r" IN DATABASE d SET search_path TO 'app';
ALTER ROLE gone IN DATABASE d SET work_mem TO '1MB';

\\connect d
ALTER DATABASE d SET work_mem TO 'not a setting';
`;
  expect(settingsIn(script, 'n"w', (role) => role === 'Odd "r').split("\n")).toEqual([
    `alter database "n""w" SET search_path TO '$user', 'it''s; odd`,
    "line';",
    `alter database "n""w" SET work_mem TO '5MB';`,
    `alter role "Odd ""r" in database "n""w" SET search_path TO 'app';`,
  ]);
  expect(settingsIn("CREATE TABLE x ();\n", "n", () => true)).toBe("");
});

it.each([
  [true, "schema and rows"],
  [false, "the schema; the rows were read only"],
])("a backup says what was restored to prove it: rows %s", (withRows, proved) => {
  const saved = { name: "x", place: "p/x", bytes: 1_200_000, rows: new Map([["a", 14]]), seconds: 0.84 };
  expect(whatIsSaved({ ...saved, withRows })).toBe(
    `1.2 MB, 1 table, 14 rows, 0.8 s; proved by restoring ${proved}`,
  );
});

describe("a piece of a dump", () => {
  it("leaves no listener with its reader, however slow that is", async () => {
    const slow = new PassThrough({ highWaterMark: 1 });
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on("warning", warn);
    const before = slow.eventNames().reduce((sum, name) => sum + slow.listenerCount(name), 0);
    for (let i = 0; i < 50; i++) {
      const taken = write(slow, Buffer.alloc(1000));
      slow.read();
      await taken;
    }
    await setImmediate();
    process.off("warning", warn);
    expect(warnings).toEqual([]);
    expect(slow.eventNames().reduce((sum, name) => sum + slow.listenerCount(name), 0)).toBe(before);
  });

  it("that a reader takes no more is let go", async () => {
    const gone = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    gone.on("error", () => {});
    await write(gone, Buffer.from("x"));
    await write(gone, Buffer.from("x"));
  });
});
