import { describe, expect, it } from "vitest";
import { backupName, checksumIn, checksumLine, superfluous } from "../../../lib/database/backup/names.ts";

const time = new Date("2026-11-24T23:05:07.089Z");
const at = (day: number, stack = "dev") =>
  backupName(stack, new Date(Date.UTC(2026, 10, day, 1, 2, 3)), "13.14", true);

it("name stack, UTC time and PostgreSQL's version, and say what an update took by itself", () => {
  expect(backupName("dev", time, "13.14", false)).toBe("dev-20261124T230507Z-postgresql13.14.dump");
  expect(backupName("dev", time, "17.2", true)).toBe(
    "dev-20261124T230507Z-postgresql17.2-before-migrations.dump",
  );
});

it("have a checksum that is read back from its line, and from sha256sum's", () => {
  const sum = "a1".repeat(32);
  expect(checksumIn(checksumLine(sum, "x.dump"))).toBe(sum);
  expect(checksumIn(`${sum} *x.dump\n`)).toBe(sum);
  expect(checksumIn("no sum\n")).toBeUndefined();
});

describe("the superfluous ones", () => {
  it("are all but the newest that updates took", () => {
    expect(superfluous([at(3), at(1), at(2)], "dev", 2)).toEqual([at(1)]);
    expect(superfluous([at(1), at(2)], "dev", 2)).toEqual([]);
  });

  it("are never a person's, nor another stack's, nor a file of another kind", () => {
    const others = [
      backupName("dev", new Date(0), "13.14", false),
      at(1, "dev-2"),
      at(1, "prod"),
      at(1, "xdev"),
      `${at(1)}.sha256`,
      `keep-${at(1)}`,
      at(1).replace(".dump", "-keep.dump"),
      "dev-before-migrations.dump",
    ];
    expect(superfluous([...others, at(9)], "dev", 1)).toEqual([]);
  });

  it("are found for a stack whose name means something to a regular expression", () => {
    expect(superfluous([at(1, "a.b"), at(2, "a.b"), at(1, "axb")], "a.b", 1)).toEqual([at(1, "a.b")]);
  });
});
