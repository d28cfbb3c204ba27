import { expect, it, vi } from "vitest";
import { UserError } from "../../../lib/userError.ts";
import { FAILED, PASSED } from "../../checks/checks.ts";
import { inPairs } from "../../checks/queue.ts";

it("two tasks run at a time, and one that waits, but only one that shares the daemon; each runs once", async () => {
  const running = new Set<string>();
  const log: string[] = [];
  const task = (name: string, turns: number) => ({
    sharesDaemon: name.startsWith("shared"),
    waits: name === "waiting",
    run: async () => {
      running.add(name);
      log.push([...running].sort().join(" + "));
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      running.delete(name);
      return name === "b" ? FAILED : PASSED;
    },
  });
  const tasks = [task("a", 9), task("shared 1", 3), task("shared 2", 3), task("b", 9), task("c", 9)];
  const counts = await inPairs([...tasks, task("waiting", 30)]);
  expect(counts).toHaveLength(6);
  expect(counts.filter((count) => count === FAILED)).toHaveLength(1);
  expect(log.every((entry) => entry.replace(" + waiting", "").split(" + ").length <= 2)).toBe(true);
  expect(log.some((entry) => entry.split("shared").length > 2)).toBe(false);
  // When none is left that shares the daemon, both take the others.
  expect(log.some((entry) => /^[abc] \+ [abc]/.test(entry))).toBe(true);
  expect(log.some((entry) => entry.includes("waiting"))).toBe(true);
  expect(await inPairs([])).toEqual([]);
});

it("a task that throws counts as failed, and the others still run", async () => {
  const written = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const failing = () => Promise.reject(new UserError("pip3: is not on PATH."));
  const tasks = [failing, async () => PASSED].map((run) => ({ sharesDaemon: false, waits: true, run }));
  expect(await inPairs(tasks)).toEqual([FAILED, PASSED]);
  expect(written).toHaveBeenCalledWith("FAILED: pip3: is not on PATH.\n");
  written.mockRestore();
});
