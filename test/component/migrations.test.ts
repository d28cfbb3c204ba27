/** The migration step, and what a preview says of migrations that it would refuse. */
import { afterEach, describe, expect, it } from "vitest";
import { only } from "../support/recorder.ts";
import { answers, COMMAND, program } from "../support/stackProgram.ts";

const { history } = answers;
afterEach(() => {
  history.of = [];
});

/** As Flyway 10.20.1 reckons `CREATE TABLE a (id int);`. */
const CHECKSUM = -623083431;
const row = (more: object) => [{ version: "1", script: "V1__a.sql", type: "SQL", success: true, ...more }];

it("migrations go by standard input: 1,700 of them are too long for a variable", async () => {
  const { environment, stdin } = only((await program()).registered, COMMAND, "db-schema-migrations");
  expect(stdin).toBe(`{"V1__a.sql":${CHECKSUM}}`);
  expect(JSON.stringify(environment)).not.toContain("V1__a.sql");
});

describe.each([true, false])("a program in preview: %s", (preview) => {
  it("goes on if the migrations are those that ran", async () => {
    history.of = row({ checksum: CHECKSUM });
    expect((await program({}, preview)).registered).not.toEqual([]);
  });

  it("refuses migrations that do not fit the database, before anything but the host is registered", async () => {
    history.of = [...row({ checksum: 7 }), ...row({ version: "2", script: "V2__b.sql" })];
    await expect(program({}, preview)).rejects.toThrow(
      'agatha:back.migrations: "sample/migrations" does not suit the stack\'s database:\nV2__b.sql ran on this database and is not among the migrations. Put it back as it was; to leave it behind, restore a backup from before it (npm run restore).\nV1__a.sql was edited after it ran. Put it back as it was, and write the change as a new migration.',
    );
  });

  it("does not look at those of a pinned back", async () => {
    history.of = row({ checksum: 7 });
    await expect(
      program({ "agatha:back": JSON.stringify({ pin: "b".repeat(32) }) }, preview),
    ).resolves.toBeDefined();
  });
});
