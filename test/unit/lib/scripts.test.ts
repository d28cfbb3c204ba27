import { expect, it } from "vitest";
import { table } from "../../../lib/table.ts";

it("a table has columns as wide as their widest cell", () => {
  expect(table(["a", "state"], [["long", "up"]])).toBe("a     state\nlong  up\n");
});
