import { describe, expect, it } from "vitest";
import { type Applied, compare, fileOf, refusals, requireComplete } from "../../steps/schemaHistory.ts";

const ran = (version: string | null, script: string, more: Partial<Applied> = {}): Applied => ({
  version,
  script,
  type: "SQL",
  success: true,
  ...more,
});

const HISTORY = [ran("1", "V1__a.sql"), ran("2", "V2__b.sql")];

describe("migrations beside a schema history", () => {
  it("are the same: nothing is pending, absent or misnamed", () => {
    expect(compare(["V1__a.sql", "V2__b.sql", "V2__b.sql.conf"], HISTORY)).toEqual({
      absent: [],
      pending: [],
      repeatable: [],
      misnamed: [],
    });
  });

  it("are pending where they have not run, and where they failed", () => {
    const history = [...HISTORY, ran("3", "V3__c.sql", { success: false })];
    expect(compare(["V1__a.sql", "V2__b.sql", "V3__c.sql", "sub/V4__d.sql"], history).pending).toEqual([
      "V3__c.sql",
      "sub/V4__d.sql",
    ]);
  });

  it("are absent where they ran and are not packaged, newest or not", () => {
    expect(compare(["V2__b.sql"], HISTORY).absent).toEqual(["V1__a.sql"]);
    expect(compare(["V1__a.sql"], HISTORY).absent).toEqual(["V2__b.sql"]);
    expect(compare([], [ran(null, "R__view.sql")]).absent).toEqual(["R__view.sql"]);
  });

  it("are not absent where Flyway was told that they were removed", () => {
    expect(compare(["V2__b.sql"], [...HISTORY, ran("1", "V1__a.sql", { type: "DELETE" })]).absent).toEqual(
      [],
    );
  });

  it("are known by their version as Flyway reads it, wherever the file lies", () => {
    const history = [ran("1.0", "V1_0__a.sql"), ran("002", "V002__b.sql")];
    expect(compare(["old/V1__a.sql", "V2.0__b.sql"], history)).toMatchObject({ absent: [], pending: [] });
  });

  it("run on every change where they are repeatable, and are pending until they ran", () => {
    const view = compare(["R__view.sql"], []);
    expect(view).toMatchObject({ repeatable: ["R__view.sql"], pending: ["R__view.sql"] });
    expect(compare(["R__view.sql"], [ran(null, "R__view.sql")])).toMatchObject({
      repeatable: ["R__view.sql"],
      pending: [],
    });
  });

  it("count from the baseline on", () => {
    const history = [ran("10", "<< Flyway Baseline >>", { type: "BASELINE" })];
    expect(compare(["V2__b.sql", "V10__j.sql", "V10.1__k.sql", "V11__l.sql"], history).pending).toEqual([
      "V10.1__k.sql",
      "V11__l.sql",
    ]);
  });

  it("are misnamed where Flyway would pass over them; callbacks are not", () => {
    const files = [
      "v3__c.sql",
      "V3_c.sql",
      "notes.sql",
      "afterMigrate.sql",
      "beforeEachMigrate__x.sql",
      "U1__a.sql",
    ];
    expect(compare(files, []).misnamed).toEqual(["v3__c.sql", "V3_c.sql", "notes.sql"]);
  });
});

it("what does not fit is refused with the file and the mend", () => {
  expect(refusals({ absent: ["V1__a.sql"], misnamed: ["v3__c.sql"], pending: [], repeatable: [] })).toEqual([
    expect.stringMatching(/^V1__a\.sql ran on this database and is not among the migrations\. Put it back/),
    "v3__c.sql has a name that Flyway passes over. Name it like V7__what_it_does.sql.",
  ]);
});

it("what is packaged and did not run is an error after Flyway passed", () => {
  const complete = { absent: [], pending: [], repeatable: ["R__v.sql"], misnamed: [] };
  expect(() => requireComplete(complete)).not.toThrow();
  expect(() => requireComplete({ ...complete, pending: ["V3__c.sql"] })).toThrow(/differ in V3__c\.sql/);
});

it("a version's file is the one that is packaged, else the one that ran", () => {
  expect(fileOf("2", ["V1__a.sql", "V2__other.sql"], HISTORY)).toBe("V2__other.sql");
  expect(fileOf("2", ["V1__a.sql"], HISTORY)).toBe("V2__b.sql");
  expect(fileOf("9", [], HISTORY)).toBeUndefined();
});
