import { expect, it } from "vitest";
import { cannotGroup, invalid, success, words } from "../../steps/flyway.ts";

const failed = `Flyway OSS Edition 10.20.1 by Redgate

See release notes here: https://rd.gt/416ObMi
Database: jdbc:postgresql://127.0.0.1:5432/db (PostgreSQL 13.14)
Current version of schema "public": 6
Migrating schema "public" to version "99 - broken"
ERROR: Script V99__broken.sql failed
-----------------------------
SQL State  : 42601
Error Code : 0
Message    : ERROR: syntax error at or near "creat"
Location   : /nix/store/x/V99__broken.sql (/nix/store/x/V99__broken.sql)
Line       : 1
Statement  : creat table broken ()

Caused by: org.flywaydb.core.internal.sqlscript.FlywaySqlScriptException: Script V99__broken.sql failed
SQL State  : 42601
Caused by: org.postgresql.util.PSQLException: ERROR: syntax error
`;

it("is told once, with the statement and without banner and paths", () => {
  expect(words(failed)).toBe(`Current version of schema "public": 6
Migrating schema "public" to version "99 - broken"
ERROR: Script V99__broken.sql failed
SQL State  : 42601
Error Code : 0
Message    : ERROR: syntax error at or near "creat"
Line       : 1
Statement  : creat table broken ()`);
});

it.each([
  ['Successfully applied 6 migrations to schema "public", now at version v6', true],
  ['Schema "public" is up to date. No migration necessary.', true],
  ["Migrating schema", false],
])("passes only with its own word: %s", (line, passed) => {
  expect(success(`noise\n${line}\n`) !== undefined).toBe(passed);
});

const refused = `ERROR: Validate failed: Migrations have failed validation
Migration checksum mismatch for migration version 2
-> Applied to database : -711829486
-> Resolved locally    : -1516073409
Either revert the changes to the migration, or run repair to update the schema history.
Migration description mismatch for migration version 5
Detected applied migration not resolved locally: 4.
If you removed this migration intentionally, run repair to mark the migration as deleted.
Detected resolved migration not applied to database: 3.5.
Need more flexibility with validation rules? Learn more: https://rd.gt/3AbJUZE
`;

it("names the files that its validation refuses, and what to do with each", () => {
  const files: Record<string, string> = { 2: "V2__b.sql", 3.5: "V3.5__late.sql", 4: "V4__d.sql" };
  expect(invalid(refused, (version) => files[version])).toEqual([
    "V2__b.sql was edited after it ran. Put it back as it was, and write the change as a new migration.",
    "the migration of version 5 was renamed after it ran. Give it back its name.",
    "V4__d.sql ran on this database and is not among the migrations. Put it back.",
    "V3.5__late.sql comes before migrations that ran already. Give it a version higher than theirs.",
  ]);
  expect(invalid(failed, () => "x")).toEqual([]);
});

it("that it cannot run all in one transaction is told from other failures", () => {
  expect(
    cannotGroup(
      'Current version of schema "public": 6\nERROR: Detected both transactional and non-transactional migrations within the same migration group (even though mixed is false). First offending migration: "8 b" [non-transactional]',
    ),
  ).toBe(true);
  expect(
    cannotGroup(
      "ERROR: Detected both transactional and non-transactional statements within the same migration (even though mixed is false).",
    ),
  ).toBe(false);
  expect(cannotGroup(failed)).toBe(false);
});
