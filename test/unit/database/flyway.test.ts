import { describe, expect, it } from "vitest";
import { type Failure, failureText, success, words } from "../../../lib/database/migrations/flyway.ts";

const failed = `Flyway OSS Edition 10.20.1 by Redgate

See release notes here: https://rd.gt/416ObMi
Database: jdbc:postgresql://127.0.0.1:5432/db (PostgreSQL 13.14)
Current version of schema "public": 6
Migrating schema "public" to version "99 - broken"
ERROR: Migration of schema "public" to version "99 - broken" failed! Changes successfully rolled back.
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

const failure = (more: Partial<Failure>) =>
  failureText({
    ...{ code: 1, output: failed, interrupted: false, applied: [] },
    ...{ failed: undefined, blocked: undefined, backup: undefined, stack: "dev", ...more },
  });

it("is shown once, with the statement and without banner and paths, and not what was rolled back", () => {
  expect(words(failed)).toBe(`ERROR: Script V99__broken.sql failed
SQL State  : 42601
Error Code : 0
Message    : ERROR: syntax error at or near "creat"
Line       : 1
Statement  : creat table broken ()`);
  expect(
    words(
      "ERROR: x in /nix/store/y-agatha-back-migrate/share/agatha/migrations/V8__a.sql. See https://rd.gt/3 for more information. Bad",
    ),
  ).toBe("ERROR: x in V8__a.sql. Bad");
});

it.each([
  ['Successfully applied 6 migrations to schema "public", now at version v6', true],
  ['Schema "public" is up to date. No migration necessary.', true],
  ["Migrating schema", false],
])("passes only with its own word: %s", (line, passed) => {
  expect(success(`noise\n${line}\n`) !== undefined).toBe(passed);
});

it.each([
  [failed, "V99__broken.sql"],
  ["ERROR: Script sub/V8__a b.SQL failed\n", "sub/V8__a b.SQL"],
  [
    "ERROR: Error while executing afterMigrate callback: Script afterMigrate.sql failed\n",
    "afterMigrate.sql",
  ],
])("names the script that it stopped at", (output, script) => {
  expect(failure({ output })).toMatch(new RegExp(`^migrations: ${script} failed\\. `));
});

it("names no script if Flyway had begun with none", () => {
  const output = "ERROR: Validate failed: Migrations have failed validation\n";
  expect(failure({ output, code: null })).toMatch(
    /^migrations: Flyway ended with a signal\. No migration was applied; .*\.\nFix it, then run up again\.\nERROR: Validate/,
  );
});

// As Flyway 10.20.1 said it.
it.each([
  [
    "ERROR: Unable to parse statement in /nix/store/x/share/agatha/migrations/V2__mail.sql at line 1 col 1. See https://rd.gt/3ipi7Pm for more information. No value provided for placeholder: ${name}.  Check your configuration!",
    "V2__mail.sql has ${name} in line 1 or below, which Flyway takes for a placeholder. To keep it as text, write placeholderReplacement=false into V2__mail.sql.conf beside it.",
  ],
  [
    "ERROR: Unable to calculate checksum of V2__latin.sql\nPlease ensure you have configured the correct file encoding with 'flyway.encoding' or enable 'flyway.detectEncoding' to let Flyway detect it for you\n",
    "V2__latin.sql is not UTF-8. Save it as UTF-8, or name its encoding in V2__latin.sql.conf beside it (encoding=ISO-8859-1).",
  ],
])("what it refuses is shown in our words: %j", (output, sentence) => {
  expect(failure({ output }).split("\n")).toEqual([
    "migrations: Flyway refuses them. No migration was applied; the back that runs stays as it is.",
    sentence,
    "Fix it, then run up again.",
  ]);
});

describe("the error for migrations that did not all run", () => {
  it("says what was applied, what the back has now, and the way back with its price", () => {
    const text = failure({ applied: ["V97__a.sql", "V98__b.sql"], backup: "dev-x.dump" });
    expect(text.split("\n").slice(0, 4)).toEqual([
      "migrations: V99__broken.sql failed. Applied, and kept: V97__a.sql, V98__b.sql. The back that runs has that schema now. V99__broken.sql was rolled back, but for what it committed itself.",
      "Fix it, then run up again.",
      "To go back to the schema from before instead: npm run restore -- dev-x.dump --stack dev. That loses what was written since that backup.",
      "ERROR: Script V99__broken.sql failed",
    ]);
  });

  it("has no way back if nothing was applied", () => {
    expect(failure({ backup: "dev-x.dump" })).toMatch(
      /^migrations: V99__broken\.sql failed\. No migration was applied; the back that runs stays as it is\. V99__broken\.sql was rolled back, but for what it committed itself\.\nFix it, then run up again\.\nERROR: Script/,
    );
  });

  it("says what a migration outside of a transaction leaves", () => {
    const text = failure({ failed: "V99__broken.sql", backup: "dev-x.dump" });
    expect(text).toContain("V99__broken.sql ran in no transaction: what it did before it failed stays.\n");
    expect(text).toContain("npm run restore -- dev-x.dump");
    expect(text).not.toContain("rolled back");
  });

  it("never says what was rolled back if a callback failed", () => {
    const output = "ERROR: Error while executing afterMigrate callback: Script afterMigrate.sql failed\n";
    expect(failure({ output, applied: ["V1__a.sql"] })).toMatch(
      /^migrations: afterMigrate\.sql failed\. Applied, and kept: V1__a\.sql\. The back that runs has that schema now\.\n/,
    );
  });

  it("as interrupted, whatever Flyway ended with: nobody is to fix a migration for that", () => {
    expect(failure({ interrupted: true, code: 0, output: "" })).toBe(
      "migrations: interrupted. No migration was applied; the back that runs stays as it is. What was running was rolled back, unless it runs in no transaction.\nRun up again.",
    );
  });

  it("with who held a lock for too long", () => {
    const text = failure({
      blocked: '"alter" waited 30 s for a lock that session 7 holds. End it, then run up again.',
    });
    expect(text.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/^migrations: V99__broken\.sql was canceled\. No migration was applied/),
      '"alter" waited 30 s for a lock that session 7 holds. End it, then run up again.',
    ]);
    expect(text.split("\n")).toHaveLength(2);
  });
});
