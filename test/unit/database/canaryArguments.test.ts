import { expect, it } from "vitest";
import { limitArguments, trialArguments } from "../../../lib/database/canaryArguments.ts";

const trial = {
  database: { major: 13, name: "d", user: "postgres" },
  image: "agatha-db-image:abc",
  command: ["postgres", "-c", "archive_mode=on"],
  env: { X: "a b" },
  user: "999:999",
  tmpfs: { "/tmp": "size=64m" },
  data: ["/data"],
  stopSignal: "SIGINT",
  probe: ["true"],
  limitMs: 1000,
};

it("a canary is as hardened as the database, without its data, and archives nothing: its log files have the data's names", () => {
  expect(trialArguments(trial)).toEqual([
    ...["--read-only", "--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"],
    ...["--user", "999:999", "--stop-signal", "SIGINT", "--no-healthcheck"],
    ...["--tmpfs", "/tmp:size=64m", "--volume", "/data", "--env", "X=a b", "agatha-db-image:abc"],
    ...["postgres", "-c", "archive_mode=on", "-c", "archive_mode=off"],
  ]);
  // Without settings, the command is the image's own.
  expect(trialArguments({ ...trial, command: [] }).at(-1)).toBe(trial.image);
});

it("a canary has as much shared memory as the database", () => {
  expect(trialArguments({ ...trial, sharedMemory: 256 }).join(" ")).toContain(" --shm-size 256m ");
});

it("limits are as docker takes them, and a missing one is not set", () => {
  expect(limitArguments({ memory: 512, cpus: 0.5, processes: 64 })).toEqual([
    ...["--memory", "512m", "--memory-swap", "512m", "--cpu-period", "100000", "--cpu-quota", "50000"],
    ...["--pids-limit", "64"],
  ]);
  expect(limitArguments({ memory: 0, cpus: 0, processes: 0 })).toEqual([]);
});
