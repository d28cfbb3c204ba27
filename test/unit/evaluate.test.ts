import { describe, expect, it } from "vitest";
import { nixError } from "../../components/evaluate.ts";

describe("a failed evaluation", () => {
  it("says our own sentence where there is one, and nothing else", () => {
    const own = 'agatha:back.jar: "x" is not a file. Build it first.';
    expect(nixError(1, `error: ${own}\n\n       at /a/b.nix:1:2:\n`)).toBe(own);
  });

  it("tells that Nix is missing", () => {
    expect(nixError("ENOENT", "")).toMatch(/nix-instantiate is not on PATH\. Run `npm run doctor`/);
  });

  it("shows Nix's last lines otherwise", () => {
    expect(nixError(1, "one\ntwo\nerror: out of memory")).toContain("error: out of memory");
  });
});
