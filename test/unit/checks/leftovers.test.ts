import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { removeFiles } from "../../checks/leftovers.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-leftovers-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("what the scratch stacks of one test run left is removed, and of no other", () => {
  const of = (run: string) => [
    `clone/Pulumi.test-${run}-1.yaml`,
    `clone/deployments/Pulumi.test-${run}-1.yaml`,
    `clone/.state/gcroots/test-${run}-1/back-image`,
    `clone/.state/backups/test-${run}-1/x.dump`,
    `tmp/agatha-test-${run}-Ab/state/x`,
  ];
  const kept = [...of("other"), "clone/Pulumi.dev.yaml", "clone/.state/gcroots/dev/back-image", "tmp/x"];
  for (const file of [...of("run"), ...kept]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), "");
  }
  const removed = removeFiles("run", join(folder, "clone"), join(folder, "tmp"));
  expect(removed).toHaveLength(5);
  const left = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  expect(left.sort()).toEqual(kept.sort());
});

it("if there is nothing yet, nothing is removed", () => {
  expect(removeFiles("run", join(folder, "none"), join(folder, "none"))).toEqual([]);
});
