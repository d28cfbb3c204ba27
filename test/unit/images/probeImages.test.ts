import { expect, it } from "vitest";
import { presence } from "../../../lib/images/presence.ts";

const stdout = '["agatha-back-image:aaa","agatha-back-image:latest"]\n';
const stderr = "Error: No such image: agatha-front-image:bbb\n";

it.each([
  ["agatha-back-image:aaa", "present"],
  ["agatha-front-image:bbb", "absent"],
  ["agatha-front-image:bb", "unknown"],
])("%s is %s", (ref, expected) => {
  expect(presence(ref, stdout, stderr)).toBe(expected);
});

it("knows nothing if no daemon answers", () => {
  expect(presence("a:b", "", "Cannot connect to the Docker daemon at unix:///x.")).toBe("unknown");
});
