import { describe, expect, it } from "vitest";
import { flywayChecksum } from "../../../lib/database/migrations/checkInPreview.ts";
import { requireComplete } from "../../../lib/database/migrations/migrate.ts";
import {
  type Applied,
  asRan,
  compare as compareMaps,
  named,
  type Packaged,
  sentences,
} from "../../../lib/database/migrations/schemaHistory.ts";

const ran = (version: string | null, script: string, more: Partial<Applied> = {}): Applied => ({
  version,
  script,
  type: "SQL",
  success: true,
  ...more,
});

const HISTORY = [ran("1", "V1__a.sql"), ran("2", "V2__b.sql")];

const compare = (files: string[], history: Applied[], checksum: number | null = null) =>
  compareMaps(Object.fromEntries(files.map((file) => [file, checksum])), history);

/** Files and problems, as short as a test can read them. */
const refused = (files: string[], history: Applied[], checksum?: number) =>
  compare(files, history, checksum).refused.map(({ file, problem }) => `${file} ${problem}`);

describe("migrations beside a schema history", () => {
  it("are the same: nothing is pending or refused", () => {
    const files = ["V1__a.sql", "V2__b.sql", "V2__b.sql.conf", "afterMigrate.sql"];
    expect(compare(files, HISTORY)).toEqual({ refused: [], pending: [], repeatable: ["afterMigrate.sql"] });
  });

  it("are pending if they have not run, and if they failed", () => {
    const history = [...HISTORY, ran("3", "V3__c.sql", { success: false })];
    expect(compare(["V1__a.sql", "V2__b.sql", "V3__c.sql", "sub/V4__d.sql"], history)).toMatchObject({
      pending: ["V3__c.sql", "sub/V4__d.sql"],
      refused: [],
    });
  });

  it("are pending by names that Flyway takes too: a suffix in any case, no description", () => {
    expect(compare(["V1__a.SQL", "V2.sql", "V3_1__c.Sql", "V4__.sql"], []).pending).toHaveLength(4);
  });

  it("are refused if they ran and are not packaged, newest or not", () => {
    const absent = "ran on this database and is not among the migrations";
    expect(refused(["V2__b.sql"], HISTORY)).toEqual([`V1__a.sql ${absent}`]);
    expect(refused(["V1__a.sql"], HISTORY)).toEqual([`V2__b.sql ${absent}`]);
    expect(refused([], [ran(null, "R__view.sql")])).toEqual([`R__view.sql ${absent}`]);
  });

  it("are not missed if Flyway recorded that they were removed", () => {
    expect(refused(["V2__b.sql"], [...HISTORY, ran("1", "V1__a.sql", { type: "DELETE" })])).toEqual([]);
  });

  it("are known by their version as Flyway reads it, wherever the file lies", () => {
    const history = [ran("1.0", "V1_0__a.sql"), ran("002", "V002__b.sql")];
    expect(compare(["old/V1__a.sql", "V2.0__b.sql"], history)).toMatchObject({ refused: [], pending: [] });
  });

  it("are refused if they were edited or renamed after they ran; repeatable ones and callbacks are not", () => {
    const history = [
      ran("1", "V1__a.sql", { checksum: 1 }),
      ran("2", "V2__b.sql", { checksum: 2 }),
      ran(null, "R__view.sql", { checksum: 3 }),
      ran("3", "V3__c.sql", { checksum: null }),
    ];
    const files = ["V1__a.sql", "V2__bee.sql", "V3__c.sql", "R__view.sql", "afterMigrate.sql"];
    expect(refused(files, history, 9)).toEqual([
      "V1__a.sql was edited after it ran",
      "V2__bee.sql was renamed after it ran as V2__b.sql",
    ]);
  });

  it("are refused if they come before the highest that ran", () => {
    expect(refused(["V1__a.sql", "V2__b.sql", "V1.5__late.sql", "V10__next.sql"], HISTORY)).toEqual([
      "V1.5__late.sql comes before migrations that ran already",
    ]);
  });

  it("are refused if two are the same to Flyway", () => {
    const files = [
      "V1__a.sql",
      "old/V1.0__z.sql",
      "R__v.sql",
      "x/R__v.SQL",
      "afterMigrate.sql",
      "x/afterMigrate.sql",
    ];
    expect(refused(files, [])).toEqual([
      "old/V1.0__z.sql is to Flyway the same migration as V1__a.sql",
      "x/R__v.SQL is to Flyway the same migration as R__v.sql",
      "x/afterMigrate.sql is to Flyway the same migration as afterMigrate.sql",
    ]);
  });

  it("run on every change if they are repeatable, and are pending until they ran", () => {
    const view = compare(["R__view.sql"], []);
    expect(view).toMatchObject({ repeatable: ["R__view.sql"], pending: ["R__view.sql"] });
    expect(compare(["R__view.sql"], [ran(null, "R__view.sql")])).toMatchObject({
      repeatable: ["R__view.sql"],
      pending: [],
    });
  });

  it("may run again if they are callbacks, which are in no history", () => {
    const files = [
      "afterMigrate__grants.sql",
      "afterMigrate__grants.sql.conf",
      "B1__a.sql",
      "x/beforeEachMigrate.SQL",
    ];
    expect(compare(files, HISTORY).repeatable).toEqual([
      "afterMigrate__grants.sql",
      "x/beforeEachMigrate.SQL",
    ]);
  });

  it("count from the baseline on", () => {
    const history = [ran("10", "<< Flyway Baseline >>", { type: "BASELINE" })];
    expect(compare(["V2__b.sql", "V10__j.sql", "V10.1__k.sql", "V11__l.sql"], history).pending).toEqual([
      "V10.1__k.sql",
      "V11__l.sql",
    ]);
  });
});

// What Flyway 10.20.1 did with each of these was tried.
describe("a baseline migration", () => {
  const files = ["B6__all.sql", "V1__a.sql", "V6__f.sql", "V7__g.sql"];
  const baselined = [ran("6", "B6__all.sql", { type: "SQL_BASELINE", checksum: 1 }), ran("7", "V7__g.sql")];

  it("stands on an empty database for the migrations up to its version", () => {
    expect(compare(files, []).pending).toEqual(["V7__g.sql"]);
  });

  it("that ran leaves nothing to do, and the files before it may go", () => {
    expect(compare(files, baselined)).toMatchObject({ pending: [], refused: [] });
    expect(compare(["B6__all.sql", "V7__g.sql"], baselined).refused).toEqual([]);
  });

  it("may be edited, and not removed", () => {
    expect(refused(files, baselined, 9)).toEqual([]);
    expect(refused(files.slice(1), baselined)).toEqual([
      "B6__all.sql ran on this database and is not among the migrations",
    ]);
  });

  it("is nothing to a database that has the migrations already", () => {
    const history = [ran("1", "V1__a.sql"), ran("6", "V6__f.sql")];
    expect(compare(files, history)).toMatchObject({ pending: ["V7__g.sql"], refused: [] });
    expect(refused(["B6__all.sql", "V7__g.sql"], history)).toHaveLength(2);
  });
});

it("the files of the last update are a history, but for what a baseline may have stood in for", () => {
  const before: Packaged = { "V1__a.sql": "1", "V1__a.sql.conf": "2", "R__v.sql": "3", "V2__b.sql": "4" };
  const after: Packaged = { "V1__a.sql": "9", "R__v.sql": "9", "V1.5__c.sql": "5" };
  const { refused } = compareMaps(after, asRan(before));
  expect(sentences(refused)).toEqual([
    "V2__b.sql ran on this database and is not among the migrations. Put it back as it was; to leave it behind, restore a backup from before it (npm run restore).",
    "V1__a.sql was edited after it ran. Put it back as it was, and write the change as a new migration.",
    "V1.5__c.sql comes before migrations that ran already. Give it a version higher than theirs.",
  ]);
  expect(compareMaps({ "B6__x.sql": "1" }, asRan({ "B6__x.sql": "1", "V3__a.sql": "2" })).refused).toEqual(
    [],
  );
});

it("what is packaged and did not run is an error after Flyway passed", () => {
  const complete = { refused: [], pending: [], repeatable: ["R__v.sql"] };
  expect(() => requireComplete(complete)).not.toThrow();
  expect(() => requireComplete({ ...complete, pending: ["V3__c.sql"] })).toThrow(/Not applied: V3__c\.sql/);
});

it("of very many files the first and the last are named", () => {
  const files = Array.from({ length: 1700 }, (_, index) => `V${index + 1}__a.sql`);
  expect(named(files)).toBe("V1__a.sql to V1700__a.sql (1700 files)");
  expect(named(files.slice(0, 2))).toBe("V1__a.sql, V2__a.sql");
});

// The numbers are what Flyway 10.20.1 wrote into flyway_schema_history.
it.each([
  ["select 1;\n", -690524359],
  ["select 1;", -690524359],
  ["\uFEFFselect 1;\r\n", -690524359],
  ["create table a(id int);\n", -1193849269],
  ["create table a(id bigint);\n", -354820864],
])("the checksum of %j is Flyway's", (content, checksum) => {
  expect(flywayChecksum(Buffer.from(content))).toBe(checksum);
});
