/** What is said of an update that a lock keeps out, with a pulumi that fails. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { pulumi } from "../../../lib/stacks/pulumi.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is printed if Pulumi prints this. */
async function printed(stack: string, words: string): Promise<string> {
  const texts: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => texts.push(String(text)) > 0);
  const env = { ...process.env, ...fake(folder, "pulumi", [`cat >&2 <<'EOF'\n${words}\nEOF`, "exit 255"]) };
  expect(await pulumi(stack, ["up"], env)).toBe(255);
  spy.mockRestore();
  return texts.join("");
}

it("a lock is reported with its holder", async () => {
  // As Pulumi 3.256 prints it.
  const words = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///x/.pulumi/locks/organization/agatha/dev/1d0f.json: created by me@host (pid 4711) at 2026-11-24T23:55:00Z`;
  expect(await printed("dev", words)).toBe(
    "pulumi: stack dev is locked by me@host (process 4711) since 2026-11-24T23:55:00Z. Wait until it has ended; if it was killed, `pulumi cancel --stack dev` unlocks.\n",
  );
});

it("Pulumi Cloud's conflict is reported too", async () => {
  expect(await printed("prod", "error: [409] Conflict: Another update is currently in progress.")).toMatch(
    /^pulumi: another update of stack prod is in progress\. Wait/,
  );
});

it("any other failure is left to Pulumi", async () => {
  const words = "error: no stack named 'dev' found";
  expect(await printed("dev", words)).toBe(`${words}\n`);
});
