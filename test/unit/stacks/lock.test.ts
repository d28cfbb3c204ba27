import { expect, it } from "vitest";
import { lockSentence } from "../../../lib/stacks/lock.ts";

it("a lock is reported with its holder", () => {
  // As Pulumi 3.256 prints it.
  const words = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///x/.pulumi/locks/organization/agatha/dev/1d0f.json: created by me@host (pid 4711) at 2026-11-24T23:55:00Z
`;
  expect(lockSentence("dev", words)).toBe(
    "pulumi: stack dev is locked by me@host (process 4711) since 2026-11-24T23:55:00Z. Wait until it has ended; if it was killed, `pulumi cancel --stack dev` unlocks.",
  );
});

it("Pulumi Cloud's conflict is reported too", () => {
  const words = "error: [409] Conflict: Another update is currently in progress.";
  expect(lockSentence("prod", words)).toMatch(/^pulumi: another update of stack prod is in progress\. Wait/);
});

it("any other failure is left to Pulumi", () => {
  expect(lockSentence("dev", "error: no stack named 'dev' found")).toBeUndefined();
});
