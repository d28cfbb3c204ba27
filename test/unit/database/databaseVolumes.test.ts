import { describe, expect, it } from "vitest";
import {
  type Content,
  keptBeside,
  majorOfVolume,
  planInto,
  planOf,
  volumeOf,
} from "../../../lib/database/volumes.ts";

const BASE = "agatha-dev-db-data";

describe("a version's volume", () => {
  it("has its number in its name, except the first version's, which stacks have already", () => {
    expect(volumeOf(BASE, 13)).toBe(BASE);
    expect(volumeOf(BASE, 17)).toBe(`${BASE}-17`);
    for (const major of [13, 16, 17]) expect(majorOfVolume(BASE, volumeOf(BASE, major))).toBe(major);
  });

  it.each([`${BASE}-13`, `${BASE}-017`, `${BASE}-x`, `${BASE}-`, "agatha-dev-files", "", "x"])(
    "is not %j",
    (volume) => expect(majorOfVolume(BASE, volume)).toBeUndefined(),
  );
});

describe("before a database starts", () => {
  const plan = (major: number, volumes: number[], mounted: number[] = []) => {
    const names = (majors: number[]) => majors.map((each) => volumeOf(BASE, each));
    return planOf(BASE, major, names(volumes), names(mounted));
  };
  const upgrade = (from: number) => ({ kind: "upgrade", from, volume: volumeOf(BASE, from) });
  const refuse = (newer: number) => ({ kind: "refuse", newer, volume: volumeOf(BASE, newer) });

  it.each<[string, ReturnType<typeof plan>, object]>([
    ["a new stack has nothing to do", plan(17, []), { kind: "nothing" }],
    ["nor has one with the version's data", plan(17, [17], [17]), { kind: "nothing" }],
    ["nor one that keeps an older volume as well", plan(17, [13, 17], [17]), { kind: "nothing" }],
    ["nor a destroyed one with both volumes", plan(17, [13, 17]), { kind: "nothing" }],
    ["older data is upgraded", plan(17, [13], [13]), upgrade(13)],
    ["of several, the newest of the older", plan(17, [13, 16]), upgrade(16)],
    ["but what the container uses comes first", plan(17, [13, 16], [13]), upgrade(13)],
    ["also if an interrupt left the new volume", plan(17, [13, 17], [13]), upgrade(13)],
    ["a destroyed stack's too", plan(17, [13]), upgrade(13)],
    ["newer data is refused", plan(13, [13, 17], [17]), refuse(17)],
    ["a destroyed stack's too", plan(13, [13, 17]), refuse(17)],
    ["what an interrupt left is no newer data", plan(13, [13, 17], [13]), { kind: "nothing" }],
  ])("%s", (_, actual, expected) => expect(actual).toEqual(expected));

  it("volumes of other things count for nothing", () => {
    expect(planOf(BASE, 17, ["agatha-dev-back-files", ""], ["agatha-dev-x"])).toEqual({ kind: "nothing" });
  });
});

describe("with what the version's own volume holds", () => {
  const plan = (volumes: number[], mounted: number[], content: Content) => {
    const names = (majors: number[]) => majors.map((each) => volumeOf(BASE, each));
    return planInto(BASE, 17, names(volumes), names(mounted), content);
  };
  const upgrade = { kind: "upgrade", from: 13, volume: BASE };

  it.each<[string, ReturnType<typeof plan>, object]>([
    [
      "data that was in use is dropped by no upgrade",
      plan([13, 17], [13], "data"),
      { ...upgrade, kind: "both" },
    ],
    ["what nobody used is made anew", plan([13, 17], [13], "unused"), upgrade],
    ["also if there is no container", plan([13, 17], [], "unused"), upgrade],
    ["and what was interrupted half-way", plan([13, 17], [], "nothing"), upgrade],
    ["without its source it is the data", plan([17], [], "unused"), { kind: "nothing" }],
    ["data is what goes on", plan([13, 17], [], "data"), { kind: "nothing" }],
    ["data in use too", plan([13, 17], [17], "data"), { kind: "nothing" }],
    ["a first upgrade has nothing in its way", plan([13], [13], "nothing"), upgrade],
    ["a new stack has none", plan([], [], "nothing"), { kind: "nothing" }],
  ])("%s", (_, actual, expected) => expect(actual).toEqual(expected));
});

it("refused newer data names an older volume beside it", () => {
  expect(keptBeside(BASE, 17, [`${BASE}-17`, "agatha-dev-files"])).toBe("");
  expect(keptBeside(BASE, 17, [`${BASE}-17`, BASE])).toContain(`${BASE} is kept beside ${BASE}-17:`);
});
