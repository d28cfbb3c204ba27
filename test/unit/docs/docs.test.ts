import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadDeployments } from "../../../deployments/config.ts";
import { loadConfig } from "../../../lib/config/load.ts";
import packageJson from "../../../package.json" with { type: "json" };
import front from "../../../sample/front/package.json" with { type: "json" };
import {
  blocks,
  configKeys,
  keyTable,
  links,
  markOf,
  npmScripts,
  PAGES_TEST,
  pages,
  textOf,
  unmarked,
} from "../../support/docs.ts";

const surroundings = { stack: "dev", packages: "debian", password: "x", exists: () => true };

/** Names of that form that are no keys: a property of the software inventories. */
const NO_KEYS = ["coordinates"];

/** Pages that are about no task: what was decided, what holds where, what was tried and measured. */
const NO_TASKS = ["docs/decisions.md", "docs/faults.md", "docs/speed.md"];

/** Whatever a configuration is refused for. */
function refusal(load: () => unknown): string {
  try {
    load();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Texts as Pulumi holds them. */
const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const DEPLOYMENTS = { "agatha-deployments:organization": "o", "agatha-deployments:repository": "o/r" };
const load = (raw: Record<string, string>) => {
  loadConfig(raw, surroundings);
  loadDeployments({ ...DEPLOYMENTS, ...raw });
};

/** A configuration with that key alone. */
function nested(namespace: string, key: string): Record<string, string> {
  const [top = "", ...below] = key.split(".");
  const value = below.reduceRight<unknown>((inner, part) => ({ [part]: inner }), "x");
  return { [`${namespace}:${top}`]: asText(value) };
}

describe.each(pages())("%s", (page) => {
  const text = textOf(page);

  it("links to what is there", () => {
    for (const target of links(text)) expect(existsSync(join(dirname(page), target)), target).toBe(true);
  });

  it("names npm commands that there are", () => {
    const own = page.startsWith("sample/") ? Object.keys(front.scripts) : [];
    for (const name of npmScripts(text))
      expect([...Object.keys(packageJson.scripts), ...own]).toContain(name);
  });

  it.each(["agatha", "agatha-deployments"])("names keys of %s that there are", (namespace) => {
    for (const key of configKeys(text, namespace).filter((key) => !NO_KEYS.includes(key)))
      expect(refusal(() => load(nested(namespace, key)))).not.toMatch(/is not a key that is known/);
  });

  it("has a mark on each block of commands, and on what one prints", () => {
    expect(unmarked(blocks(text))).toEqual([]);
  });

  it("has blocks run by tests that there are, and by their names", () => {
    for (const { mark } of blocks(text)) {
      if (mark?.kind !== "tested" || (mark.test === PAGES_TEST && mark.name === "")) continue;
      const source = readFileSync(join("test", mark.test), "utf8");
      const lacks = [page, mark.name].filter((name) => !source.includes(`"${name}"`));
      expect(lacks, mark.test).toEqual([]);
    }
  });

  it("has configuration that is taken", () => {
    for (const { language, text: block } of blocks(text)) {
      const config = language === "yaml" ? (parse(block) as { config?: object } | null)?.config : undefined;
      if (config === undefined) continue;
      const raw = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, asText(value)]));
      expect(
        refusal(() => load(raw)),
        block,
      ).toBe("");
    }
  });
});

it.each(pages().filter((page) => page.startsWith("docs/") && !NO_TASKS.includes(page)))(
  "%s has commands that a test runs",
  (page) => {
    expect(blocks(textOf(page)).map(({ mark }) => mark?.kind)).toContain("tested");
  },
);

/** Keys down to the second level, as the tables have them. */
const keysOf = (config: object): string[] =>
  Object.entries(config).flatMap(([key, value]) =>
    ["back", "front", "gateway", "database", "backups"].includes(key)
      ? Object.keys(value as object).map((child) => `${key}.${child}`)
      : [key],
  );

describe("the tables of keys", () => {
  it("of the README have every key, and no other", () => {
    const listed = keyTable(textOf("README.md"));
    expect(listed.length).toBeGreaterThan(15);
    for (const key of keysOf(loadConfig({}, surroundings))) expect(listed).toContain(key);
    for (const key of listed)
      expect(refusal(() => load(nested("agatha", key)))).not.toMatch(/is not a key that is known/);
  });

  it("of docs/deployments.md have every key, and no other", () => {
    const listed = keyTable(textOf("docs/deployments.md"));
    const optional = ["executorImage", "agentPool"];
    expect(listed.sort()).toEqual([...Object.keys(loadDeployments(DEPLOYMENTS)), ...optional].sort());
  });
});

describe("what is looked for in a page", () => {
  it("is found", () => {
    const page = "a [b](c.md#d) [e](https://f) `npm run up -- x`, npm test\n```sh\nnpm run x\n```\n";
    expect(links(page)).toEqual(["c.md"]);
    expect(npmScripts(page)).toEqual(["up", "test", "x"]);
    expect(
      configKeys("agatha:back.jar, urn agatha::agatha:index:NixImage and agatha:index:X", "agatha"),
    ).toEqual(["back.jar"]);
    expect(keyTable("| key | x |\n|---|---|\n| `a`, `b.c` | `d` |\n")).toEqual(["a", "b.c"]);
  });
});

describe("a block's mark", () => {
  const tested = { kind: "tested", test: PAGES_TEST, name: "" };

  it("is the comment above it, in a list too", () => {
    const page =
      "# One\n<!-- tested -->\n```sh\nnpm run x\n```\n## Two\n1. a\n   <!-- output -->\n   ```\n   b\n     c\n   ```\n```yaml\nd: e\n```\n";
    expect(blocks(page)).toEqual([
      { language: "sh", text: "npm run x\n", mark: tested, section: "One" },
      { language: "", text: "b\n  c\n", mark: { kind: "output" }, section: "Two" },
      { language: "yaml", text: "d: e\n", section: "Two" },
    ]);
  });

  it("says who runs it, why nobody does, or what printed it", () => {
    expect(markOf("tested")).toEqual(tested);
    expect(markOf("tested by integration/a.test.ts: go up")).toEqual({
      kind: "tested",
      test: "integration/a.test.ts",
      name: "go up",
    });
    expect(markOf("not run: takes an account")).toEqual({ kind: "not run", reason: "takes an account" });
    expect(markOf("output")).toEqual({ kind: "output" });
    expect(markOf("example")).toEqual({ kind: "example" });
  });

  it.each(["testet", "tested by x", "tested by x:", "not run", "not run: ", "tested: up"])(
    "is refused where it is none: %s",
    (comment) => {
      expect(() => markOf(comment)).toThrow(`"<!-- ${comment} -->" is no mark.`);
    },
  );

  it.each([
    ["commands without one", "```sh\nx\n```\n", "not marked: x\n"],
    ["commands that are called an example", "<!-- example -->\n```sh\nx\n```\n", "not marked: x\n"],
    ["output of nothing", "<!-- output -->\n```\nx\n```\n", "output of no tested block: x\n"],
    [
      "output of another section's commands",
      "<!-- tested -->\n```sh\ny\n```\n# Next\n<!-- output -->\n```\nx\n```\n",
      "output of no tested block: x\n",
    ],
    [
      "output that nobody looks at",
      "<!-- tested -->\n```sh\ny\n```\n```\nx\n```\n",
      "neither output nor example: x\n",
    ],
    ["what is no command", "<!-- tested -->\n```yaml\nx: y\n```\n", "no commands, but marked so: x: y\n"],
  ])("lacks or is wrong: %s", (_, page, complaint) => {
    expect(unmarked(blocks(page))).toEqual([complaint]);
  });
});
