/** What is shown of a dump before it replaces a stack's database. */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { DumpText } from "../../../lib/database/dumpText.ts";
import type { Applied } from "../../../lib/database/migrations/schemaHistory.ts";
import { missingRoles, refuseUnable, remarks, type Server } from "../../../lib/database/restore/contents.ts";
import { edits, leftOut } from "../../../lib/database/restore/replaceDatabase.ts";
import { FROM_TEXT } from "../../../lib/database/restoreScript.ts";

const SERVER: Server = {
  version: "13.14",
  roles: ["postgres"],
  extensions: ["plpgsql"],
  encoding: "UTF8",
  locale: "C.UTF-8",
  superuser: true,
  lacking: [],
};

const ran = (version: string, checksum = 1): Applied => ({
  ...{ version, script: `V${version}__x.sql`, type: "SQL", checksum, success: true },
});

/** A dump with one table, and with what is given. */
function dumpWith(given: Partial<DumpText>): DumpText {
  const text = new DumpText();
  text.rows.set("public.t", 1);
  return Object.assign(text, given);
}

const of = (given: Partial<DumpText>, own: Applied[] = []) => remarks(dumpWith(given), SERVER, own, "prod");

describe("before a restore, it is said", () => {
  it("which roles are made, and that nobody can log in as them", () => {
    const given = { roles: new Set(["reader", "postgres", "Odd one"]), history: [ran("1")] };
    expect(missingRoles(dumpWith(given), SERVER)).toEqual(["Odd one", "reader"]);
    expect(of(given)).toEqual([
      "It names roles that the stack does not have, and which are made without login or password: Odd one, reader.",
      "It has the schema history of 1 migration, the last V1__x.sql.",
    ]);
  });

  it("whose encoding and locale it has, if they are others", () => {
    const history = [ran("1")];
    const database = { name: "d", encoding: "LATIN1", locale: "de_DE.utf8" };
    expect(of({ history, database }).slice(0, -1)).toEqual([
      "Its encoding is LATIN1: texts are converted to UTF8.",
      "Its locale is de_DE.utf8, the stack's is C.UTF-8: texts may sort differently.",
    ]);
    expect(of({ history, database: { ...database, encoding: "SQL_ASCII", locale: "" } })[0]).toBe(
      "Its encoding is not known: texts are taken for UTF8.",
    );
    expect(of({ history, database: { ...database, encoding: "UTF8", locale: "C.utf8" } })).toHaveLength(1);
  });

  it("that its rows are not compared, if they are INSERTs", () => {
    expect(of({ inserts: true })).toEqual([
      "Its rows are INSERT statements: they are not counted and compared, and which migrations ran in it is not known yet.",
    ]);
  });

  it.each<[string, Applied[] | undefined, Applied[], RegExp]>([
    ["that it has no schema history", undefined, [ran("1")], /^It has no schema history of Flyway, /],
    ["that none of it ran", [{ ...ran("1"), success: false }], [], /^It has no schema history of Flyway, /],
    [
      "that all migrations ran in it",
      [ran("1"), ran("2")],
      [ran("1"), ran("2")],
      /^It has the schema history of 2 migrations, the last V2__x\.sql\. All migrations of the stack are among them\.$/,
    ],
    [
      "which did not, and how to run them",
      [ran("1")],
      [ran("1"), ran("2"), ran("3")],
      /V2__x\.sql, V3__x\.sql did not run in it\. .*: npm run up -- --stack prod --replace '\*\*db-schema-migrations'$/,
    ],
    [
      "what the next up refuses: a file that the stack does not have",
      [ran("1"), ran("2")],
      [ran("1")],
      /do not suit it, and the next up refuses them: V2__x\.sql ran on this database and is not among/,
    ],
    [
      "what the next up refuses: a file of another content",
      [ran("1", 2)],
      [ran("1")],
      /the next up refuses them: V1__x\.sql was edited after it ran/,
    ],
  ])("%s", (_, history, own, message) => {
    expect(of({ history }, own)).toEqual([expect.stringMatching(message)]);
  });

  it("nothing of migrations, if there is no table", () => {
    expect(of({ rows: new Map() })).toEqual([]);
  });
});

describe("of a dump that is SQL text, psql gets", () => {
  const shell = (text: string, dump: Partial<DumpText>, version: string) => {
    const args = [String((dump.start ?? 0) + 1), edits(dumpWith(dump), version)];
    const script = `${FROM_TEXT}; script "$@"`;
    return execFileSync("bash", ["-c", script, "bash", ...args], { input: text }).toString("latin1");
  };
  const row = "\\\\restrict abc\tK\xfcche\n".repeat(100);
  const rest = "SET transaction_timeout = 0;\n";

  it("no words that an older psql or server does not know, and its rows as they are", () => {
    const text = Buffer.from(
      `CREATE DATABASE x;\n\\restrict abc\n${rest}${row}${rest}\\unrestrict abc\n`,
      "latin1",
    );
    const dump = { start: 19, token: "abc" };
    expect(shell(text.toString("latin1"), dump, "17.2")).toContain(`${rest}\\\\restrict`);
    const got = execFileSync(
      "bash",
      ["-c", `${FROM_TEXT}; script "$@"`, "bash", "20", edits(dumpWith(dump), "13.14")],
      {
        input: text,
      },
    );
    expect(got.toString("latin1")).toBe(row + rest);
  });

  it("all of one that has none of them", () => {
    expect(shell("SELECT 1;\n\\unrestrict\n", {}, "13.14")).toBe("SELECT 1;\n\\unrestrict\n");
  });
});

describe("a role that is no superuser", () => {
  const plain = { ...SERVER, superuser: false, roles: ["app"] };

  it("gets all that is in a dump, without rights if the server lacks a role of the dump", () => {
    const theirs = dumpWith({ roles: new Set(["app", "reader"]) });
    const own = dumpWith({ roles: new Set(["app"]) });
    expect(leftOut(theirs, SERVER)).toEqual([]);
    expect(leftOut(theirs, plain)).toEqual(["--no-owner", "--no-acl"]);
    expect(leftOut(own, plain)).toEqual(["--no-owner"]);
    expect(remarks(theirs, plain, [], "prod")[0]).toBe(
      "The stack's role is no superuser: everything in it will belong to that role, and rights are left out, since the server does not have reader.",
    );
  });

  it("is refused with what it lacks", () => {
    const database = { container: "c", user: "app", name: "budget" };
    expect(() => refuseUnable(database, plain)).not.toThrow();
    expect(() =>
      refuseUnable(database, { ...plain, lacking: ["CREATEDB (alter role app createdb)"] }),
    ).toThrow('restore: role "app" lacks CREATEDB (alter role app createdb): a dump is restored beside');
  });
});
