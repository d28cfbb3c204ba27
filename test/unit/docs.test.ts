import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../config.ts";
import { loadDeployments } from "../../deployments/config.ts";
import packageJson from "../../package.json" with { type: "json" };
import front from "../../sample/front/package.json" with { type: "json" };
import { blocks, configKeys, keyTable, links, npmScripts, pages, textOf } from "../support/docs.ts";

const surroundings = { stack: "dev", packages: "host", password: "x", exists: () => true };

/** Names of that form that are no keys: a property of the software inventories. */
const NO_KEYS = ["coordinates"];

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
      expect(refusal(() => load({ [`${namespace}:${key}`]: "x" }))).not.toMatch(/is not a key that is known/);
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

/** Keys down to the second level, as the tables have them. */
const keysOf = (config: object): string[] =>
  Object.entries(config).flatMap(([key, value]) =>
    ["back", "front", "database", "backups"].includes(key)
      ? Object.keys(value as object).map((child) => `${key}.${child}`)
      : [key],
  );

describe("the tables of keys", () => {
  it("of the README have every key, and no other", () => {
    const listed = keyTable(textOf("README.md"));
    expect(listed.length).toBeGreaterThan(15);
    for (const key of keysOf(loadConfig({}, surroundings))) expect(listed).toContain(key);
    for (const key of listed)
      expect(refusal(() => load({ [`agatha:${key}`]: "x" }))).not.toMatch(/is not a key that is known/);
  });

  it("of docs/deployments.md have every key, and no other", () => {
    const listed = keyTable(textOf("docs/deployments.md"));
    const optional = ["executorImage", "agentPool"];
    expect(listed.sort()).toEqual([...Object.keys(loadDeployments(DEPLOYMENTS)), ...optional].sort());
  });
});

describe("what is looked for in a page", () => {
  it("is found", () => {
    const page =
      "a [b](c.md#d) [e](https://f) `npm run up -- x`, npm test\n<!-- tested -->\n```sh\nnpm run x\n```\n";
    expect(links(page)).toEqual(["c.md"]);
    expect(npmScripts(page)).toEqual(["up", "test", "x"]);
    expect(blocks(page)).toEqual([{ language: "sh", text: "npm run x\n", tested: true }]);
    expect(
      configKeys("agatha:back.jar, urn agatha::agatha:index:NixImage and agatha:index:X", "agatha"),
    ).toEqual(["back.jar"]);
    expect(keyTable("| key | x |\n|---|---|\n| `a`, `b.c` | `d` |\n")).toEqual(["a", "b.c"]);
  });
});
