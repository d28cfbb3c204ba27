import { expect, it } from "vitest";
import { runAgain } from "../../../components/stepCommand.ts";

it("a variable that is set counts, and so makes the step run again", () => {
  expect(runAgain("ABSENT_AT", "now", ["IMAGE"])).toEqual({
    environment: { ABSENT_AT: "now" },
    ignoreChanges: [],
  });
});

it("one that is not set is ignored, since the state may have it from an update before", () => {
  expect(runAgain("ABSENT_AT", undefined)).toEqual({
    environment: {},
    ignoreChanges: ["environment.ABSENT_AT"],
  });
});

it("other variables are ignored with it", () => {
  expect(runAgain("AHEAD", undefined, ["IMAGE"]).ignoreChanges).toEqual([
    "environment.AHEAD",
    "environment.IMAGE",
  ]);
});
