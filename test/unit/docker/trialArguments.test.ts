import { expect, it } from "vitest";
import { limitArguments, trialArguments } from "../../../lib/docker/canaryArguments.ts";

const trial = {
  image: "agatha-back-image:abc",
  command: ["/bin/agatha-back"],
  env: { X: "a b" },
  user: "65534:65534",
  tmpfs: { "/tmp": "size=64m" },
  data: ["/data"],
  folders: [{ path: "/home", keep: false }],
  stopSignal: "SIGTERM",
  probe: ["true"],
  limitMs: 1000,
};

it("a canary is as hardened as the service, with its files and without its data", () => {
  expect(trialArguments(trial, ["files-0"])).toEqual([
    ...["--read-only", "--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"],
    ...["--user", "65534:65534", "--stop-signal", "SIGTERM", "--no-healthcheck"],
    ...["--tmpfs", "/tmp:size=64m", "--volume", "/data", "--volume", "files-0:/home", "--env", "X=a b"],
    ...["agatha-back-image:abc", "/bin/agatha-back"],
  ]);
});

it("a canary has as much shared memory as the service", () => {
  expect(trialArguments({ ...trial, sharedMemory: 256 }, []).join(" ")).toContain(" --shm-size 256m ");
});

it("a database's canary archives nothing: its log files have the names of the data's", () => {
  const database = { major: 13, name: "d", user: "postgres" };
  const command = ["postgres", "-c", "archive_mode=on"];
  expect(trialArguments({ ...trial, database, command }, []).slice(-5)).toEqual([
    ...command,
    ...["-c", "archive_mode=off"],
  ]);
  // Without settings, the command is the image's own.
  expect(trialArguments({ ...trial, database, command: [] }, []).at(-1)).toBe(trial.image);
});

it("limits are as docker takes them, and a missing one is not set", () => {
  expect(limitArguments({ memory: 512, cpus: 0.5, processes: 64 })).toEqual([
    ...["--memory", "512m", "--memory-swap", "512m", "--cpu-period", "100000", "--cpu-quota", "50000"],
    ...["--pids-limit", "64"],
  ]);
  expect(limitArguments({ memory: 0, cpus: 0, processes: 0 })).toEqual([]);
});
