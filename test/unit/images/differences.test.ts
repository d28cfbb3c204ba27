import { describe, expect, it } from "vitest";
import { differences as between, worded } from "../../../lib/images/differences.ts";

const differences = (...maps: Parameters<typeof between>) => between(...maps).map(worded);

describe("differences", () => {
  it("of lists name what came and what went", () => {
    expect(differences({ modules: ["a", "b"] }, { modules: ["b", "c"] })).toEqual(["- a", "+ c"]);
    expect(differences({ modules: ["a", "b"] }, { modules: ["b", "a"] })).toEqual([
      "~ modules in another order",
    ]);
  });

  it("of equal inputs are none", () => {
    expect(differences({ a: [1], b: { c: 1 } }, { a: [1], b: { c: 1 } })).toEqual([]);
  });

  it("of a map name its keys, blanks and all, and only what changed has its values", () => {
    const before = { files: { "V1__a b.sql": "1", "R__v.sql": "1" } };
    const after = { files: { "V2__\n.sql": "1", "R__v.sql": "2" } };
    expect(differences(before, after)).toEqual(["~ R__v.sql 1 => 2", "- V1__a b.sql", "+ V2__\u{fffd}.sql"]);
  });
});
