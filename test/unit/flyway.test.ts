import { expect, it } from "vitest";
import { success, words } from "../../steps/flyway.ts";

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
