import { expect, it } from "vitest";
import { createArguments } from "../../../lib/database/canary.ts";

const canary = {
  ...{ stack: "dev", service: "agatha-db", container: "agatha-dev-db", network: "net", label: "db-trial" },
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
const NONE = { memory: 0, cpus: 0, processes: 0 };
const NAMED = [
  ...["create", "--name", "agatha-dev-db-trial", "--network", "net", "--pull", "never"],
  ...["--label", "agatha.stack=dev", "--label", "agatha.service=db-trial"],
  ...["--read-only", "--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"],
];

it("a canary is as hardened as the database, without its data, and archives nothing: its log files have the data's names", () => {
  expect(createArguments(canary, NONE)).toEqual([
    ...[...NAMED, "--user", "999:999", "--stop-signal", "SIGINT", "--no-healthcheck"],
    ...["--tmpfs", "/tmp:size=64m", "--volume", "/data", "--env", "X=a b", "agatha-db-image:abc"],
    ...["postgres", "-c", "archive_mode=on", "-c", "archive_mode=off"],
  ]);
  // Without settings, the command is the image's own.
  expect(createArguments({ ...canary, command: [] }, NONE).at(-1)).toBe(canary.image);
});

it("a canary has as much shared memory as the database", () => {
  expect(createArguments({ ...canary, sharedMemory: 256 }, NONE).join(" ")).toContain(" --shm-size 256m ");
});

it("limits are as docker takes them, and a missing one is not set", () => {
  const limits = { memory: 512, cpus: 0.5, processes: 64 };
  expect(createArguments(canary, limits).join(" ")).toContain(
    " --memory 512m --memory-swap 512m --cpu-period 100000 --cpu-quota 50000 --pids-limit 64 ",
  );
  expect(createArguments(canary, NONE).join(" ")).not.toMatch(/--memory|--cpu|--pids/);
});
