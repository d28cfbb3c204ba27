import { describe, expect, it } from "vitest";
import { leftNames, missingLines, substituted } from "../../support/pageText.ts";

describe("a page's commands on a scratch stack", () => {
  const stacks = { dev: "test-1", "pr-12": "test-2" };
  const ours = (text: string) => substituted(text, { stacks });

  it.each([
    ["npm run up -- --stack dev", "npm run up -- --stack test-1"],
    ["npm run stack -- new pr-12 --like dev", "npm run stack -- new test-2 --like test-1"],
    ["pulumi stack select --create dev", "pulumi stack select --create test-1"],
    ["pulumi stack init dev --no-select", "pulumi stack init test-1 --no-select"],
    ["docker start agatha-dev-db # of stack dev", "docker start agatha-test-1-db # of stack test-1"],
    ["rm -r .state/gcroots/dev kept-dev-*", "rm -r .state/gcroots/test-1 kept-test-1-*"],
    [".state/backups/dev/dev-20261124T232006Z.dump", ".state/backups/test-1/test-1-20261124T232006Z.dump"],
    [
      "pulumi stack rm --preserve-config dev; rm Pulumi.dev.yaml",
      "pulumi stack rm --preserve-config test-1; rm Pulumi.test-1.yaml",
    ],
  ])("name the test's stack where they name one: %s", (text, expected) => {
    expect(ours(text)).toBe(expected);
  });

  it.each([">/dev/null", "--stack development", "pr-123", "a dev who reads"])(
    "are left alone else: %s",
    (text) => {
      expect(ours(text)).toBe(text);
    },
  );

  it.each(["pulumi stack ls dev", "x --name=dev", "echo 'pr-12'"])(
    "are refused where one is left: %s",
    (text) => {
      expect(leftNames(ours(text), { stacks })).toHaveLength(1);
      expect(leftNames("up --stack test-1 >/dev/null # agatha-dev", { stacks })).toEqual([]);
    },
  );

  it("have other words replaced as they are told", () => {
    const words = { "/mnt/backups": "/tmp/x", "127.0.0.1:8000": "127.0.0.1:9" };
    expect(substituted("cp a /mnt/backups/b; curl http://127.0.0.1:8000/", { stacks: {}, words })).toBe(
      "cp a /tmp/x/b; curl http://127.0.0.1:9/",
    );
  });
});

describe("output that a page shows", () => {
  it("is there with other numbers, hashes, times and widths, and lines between", () => {
    const shown =
      "image  change\nback   5m85w8f5… => d09zxp2b…  + V9__goals.sql\n…\n0.9 MB, 7 tables, 300012 rows\n";
    const printed =
      "> backup\n\nimage       change\nback        abcdefgh… => 00000000…  + V10__goals.sql\nx\n12.0 MB, 3 tables, 1 rows\n";
    expect(missingLines(shown, printed)).toEqual([]);
  });

  it.each([
    ["a word", "back  stays", "back  goes"],
    ["a line's end", "volume", "volume stays"],
    ["a number where there is a word", "about 3 s", "about three s"],
    ["the order", "a\nb", "b\na\nc"],
    ["a dot as any character", "1.5 s", "1x5 s"],
  ])("is missed where it differs by %s", (_, shown, printed) => {
    expect(missingLines(shown, printed)).not.toEqual([]);
  });

  it("may leave out a part of a line", () => {
    expect(
      missingLines(
        "docker  Docker Engine … running",
        "docker  Docker Engine 20.10, running\ndocker Docker Engine 1 running",
      ),
    ).toEqual([]);
    expect(missingLines("set to … now", "set to nothing then")).toEqual(["set to … now"]);
  });
});
