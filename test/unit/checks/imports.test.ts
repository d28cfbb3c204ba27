/** Which way imports run (test/checks/imports.mjs), tried on a tree that breaks each rule. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { execute } from "../../support/host.ts";

const tree = mkdtempSync(join(tmpdir(), "agatha-imports-"));
afterAll(() => rmSync(tree, { recursive: true }));

const FILES = {
  "tsconfig.json": "{}",
  "index.ts": 'import "./preflight.ts";',
  "preflight.ts": 'import "./lib/stacks/a.ts"; import "./sample/run.ts";',
  "sample/run.ts": "export {};",
  "sample/front/src/main.ts": 'import "../../../lib/docker/a.ts";',
  "lib/a.ts": "export type A = 1;",
  "lib/docker/a.ts":
    'import type { A } from "../a.ts"; import type { B } from "../config/a.ts"; export type D = A | B;',
  "lib/config/a.ts": 'import type { A } from "../images/b.ts"; export type B = A;',
  "lib/images/b.ts": 'import "../docker/b.ts"; export type A = 1;',
  "lib/docker/b.ts": "export {};",
  "lib/images/a.ts": 'import "../../test/support/x.ts"; export type B = 2;',
  "lib/stacks/a.ts": 'import "./b.ts";',
  "lib/stacks/b.ts": 'import "./a.ts"; import "../images/a.ts";',
  "lib/previews/a.ts": 'export const later = () => import("../../scripts/x.ts");',
  "scripts/x.ts": 'import "../test/support/x.ts"; import "../setup/x.ts";',
  "setup/x.ts": 'import "../lib/previews/a.ts";',
  "tools/x.ts": 'import "../lib/a.ts";',
  "test/support/x.ts": "export {};",
};

it("circles, imports that run up, and those of tests or the sample are found, and nothing else", async () => {
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  symlinkSync(resolve("node_modules"), join(tree, "node_modules"));
  const config = resolve("test/checks/imports.mjs");
  const run = `cd '${tree}' && node_modules/.bin/depcruise --config '${config}' --output-type err .`;
  const { code, output } = await execute("bash", ["-c", run], { ...process.env, NO_COLOR: "1" });
  const found = [...output.matchAll(/error (\S.*): (\S+) →\s*(\S+)/g)].map(([, ...parts]) => parts);
  expect(found.map(([rule, from, to]) => `${rule?.split(":")[0]} ${from} ${to}`).sort(), output).toEqual([
    "circle lib/previews/a.ts scripts/x.ts",
    "circle lib/stacks/a.ts lib/stacks/b.ts",
    "layer unknown tools/x.ts lib/a.ts",
    "product on tests or sample lib/images/a.ts test/support/x.ts",
    "product on tests or sample preflight.ts sample/run.ts",
    "upward lib/config/a.ts lib/images/b.ts",
    "upward lib/docker/a.ts lib/config/a.ts",
    "upward lib/previews/a.ts scripts/x.ts",
  ]);
  expect(code).not.toBe(0);
});
