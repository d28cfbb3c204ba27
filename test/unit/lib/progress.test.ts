import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { report } from "../../../lib/progress.ts";

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.useFakeTimers();
  vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("a long step shows that it is alive and what it does, then what it did", async () => {
  let finish = (_: string) => {};
  let note = (_: string) => {};
  const step = report("nix", (step) => {
    note = step.note;
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  });
  await vi.advanceTimersByTimeAsync(15_000);
  note("fetching");
  await vi.advanceTimersByTimeAsync(15_000);
  finish("fetched");
  await step;
  expect(lines).toEqual([
    "nix              working … 15.0 s\n",
    "nix              fetching … 30.0 s\n",
    "nix              fetched, 30.0 s\n",
  ]);
});

it("a step that fails says so, and throws its error", async () => {
  await expect(report("nix", () => Promise.reject(new Error("no cache")))).rejects.toThrow("no cache");
  expect(lines).toEqual(["nix              failed, 0.0 s\n"]);
});
