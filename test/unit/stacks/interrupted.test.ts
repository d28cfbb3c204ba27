import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { releaseLocks, restoreCheckpoints, stateFolder } from "../../../lib/stacks/fileBackend.ts";
import { isFreeInCloud, isTemporary } from "../../../lib/stacks/recover.ts";
import { refuseOtherHost, refuseRenamed } from "../../../lib/stacks/refuseOtherHost.ts";
import {
  type Deployment,
  dockerHostInState,
  heldHostOf,
  isEmpty,
  isOnSwarm,
  unfinished,
  volumeIn,
} from "../../../lib/stacks/state.ts";
import { fake } from "../../support/programs.ts";

describe("in a file backend", () => {
  let root: string;
  let running: ChildProcess[];
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "agatha-backend-"));
    // Processes whose names are Pulumi's.
    running = ["pulumi", ".pulumi-wrapped"].map((name) => {
      copyFileSync("/bin/sleep", join(root, name));
      return spawn(join(root, name), ["60"]);
    });
  });
  afterAll(() => {
    for (const one of running) one.kill();
    rmSync(root, { recursive: true });
  });

  let folder: string;
  beforeEach(() => {
    folder = join(root, "state/.pulumi");
    rmSync(folder, { recursive: true, force: true });
    for (const path of ["locks/organization/agatha/s", "stacks/agatha"])
      mkdirSync(join(folder, path), { recursive: true });
  });
  const at = (path: string) => join(folder, path);
  const lock = (name: string, content: object | string) =>
    writeFileSync(
      at(`locks/organization/agatha/s/${name}`),
      typeof content === "string" ? content : JSON.stringify(content),
    );
  const locks = () => readdirSync(at("locks/organization/agatha/s")).sort();
  const ENDED = { pid: 2 ** 22 + 1, hostname: hostname() };
  const env = () => ({ PULUMI_BACKEND_URL: `file://${root}/state` });

  it("a stack is held while one lock is left whose holder may live, whatever else is stale", () => {
    lock("ended.json", ENDED);
    lock("ended.json.attrs", "{}");
    // Another program has its process id now.
    lock("reused.json", { ...ENDED, pid: process.pid });
    expect(releaseLocks(folder, "s")).toEqual({ removed: 2, held: false });
    expect(locks()).toEqual([]);
    expect(releaseLocks(folder, "s")).toEqual({ removed: 0, held: false });
    expect(releaseLocks(folder, "another")).toEqual({ removed: 0, held: false });
    lock("ended.json", ENDED);
    lock("runs.json", { ...ENDED, pid: running[0]?.pid });
    lock("elsewhere.json", { ...ENDED, hostname: "elsewhere" });
    lock("half.json", "{");
    expect(releaseLocks(folder, "s")).toEqual({ removed: 1, held: true });
    expect(locks()).toEqual(["elsewhere.json", "half.json", "runs.json"]);
  });

  it("a stack is held by each lock whose holder runs, is on another host, or is not known", () => {
    const holders = [
      ...running.map(({ pid }) => ({ ...ENDED, pid })),
      { ...ENDED, hostname: "elsewhere" },
      ...["", "{", "null", "[]", { ...ENDED, pid: String(ENDED.pid) }],
    ];
    for (const holder of holders) {
      lock("one.json", holder);
      expect(releaseLocks(folder, "s"), JSON.stringify(holder)).toEqual({ removed: 0, held: true });
    }
  });

  const GOOD = JSON.stringify({ version: 3, checkpoint: { latest: { resources: [] } } });
  const NEWER = JSON.stringify({ version: 3, checkpoint: { latest: {} } });
  const state = (name: string) => readFileSync(at(`stacks/agatha/${name}`), "utf8");
  const states = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(at(`stacks/agatha/${name}`), text);
  };

  it.each(["", "{", GOOD.slice(0, -5), "null"])("a state that is half written is restored: %j", (half) => {
    states({ "s.json": half, "s.json.bak": GOOD, "t.json": "{}", "t.json.bak": GOOD });
    lock("ended.json", ENDED);
    expect(restoreCheckpoints(env())).toBe(true);
    expect(state("s.json")).toBe(GOOD);
    expect(state("t.json")).toBe("{}");
    expect(restoreCheckpoints(env())).toBe(false);
  });

  it("a state stays without a whole backup, and while somebody may be writing it", () => {
    states({ "s.json": "{", "s.json.bak": GOOD.slice(0, 9), "t.json": "" });
    expect(restoreCheckpoints(env())).toBe(false);
    states({ "s.json.bak": GOOD });
    for (const holder of [{ ...ENDED, pid: running[0]?.pid }, { ...ENDED, hostname: "elsewhere" }, ""]) {
      lock("lock.json", holder);
      expect(restoreCheckpoints(env())).toBe(false);
    }
    expect(state("s.json")).toBe("{");
  });

  it("a state that its writer made whole while the locks were read stays", async () => {
    states({ "s.json": "{", "s.json.bak": GOOD, "new.json": NEWER });
    const path = at("locks/organization/agatha/s/lock.json");
    // Opening a named pipe waits for its reader.
    const script = 'mkfifo "$1"; echo made; exec 3>"$1"; cp "$2/new.json" "$2/s.json"; printf %s "$3" >&3';
    const args = ["-c", script, "sh", path, at("stacks/agatha"), JSON.stringify(ENDED)];
    const writer = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(writer.stdout, "data");
    expect(restoreCheckpoints(env())).toBe(false);
    expect(state("s.json")).toBe(NEWER);
  });

  it("is known by its address, whatever options that has", () => {
    expect(stateFolder({ PULUMI_BACKEND_URL: "file:///a%20b?no_tmp_dir=true" })).toBe("/a b/.pulumi");
    for (const PULUMI_BACKEND_URL of ["s3://bucket", "https://api.pulumi.com", ""])
      expect(restoreCheckpoints({ PULUMI_BACKEND_URL })).toBe(false);
    expect(restoreCheckpoints({ PULUMI_BACKEND_URL: "file:///nowhere" })).toBe(false);
  });
});

it("only Pulumi Cloud shows that no update holds a stack", () => {
  const url = "https://app.pulumi.com/team/agatha/prod";
  const free = (...stacks: { name: string; url?: string; updateInProgress?: boolean }[]) =>
    isFreeInCloud(stacks, "prod");
  expect(free({ name: "prod", url, updateInProgress: false })).toBe(true);
  expect(free({ name: "prod", url, updateInProgress: true })).toBe(false);
  expect(free({ name: "prod", updateInProgress: false })).toBe(false);
  expect(free({ name: "not-prod", url })).toBe(false);
});

it("temporary containers are distinguished from services, from those that prove a backup and from those without a label", () => {
  const rows = [
    ["1", "agatha-dev-back", "back"],
    ["2", "agatha-dev-back-trial", "back-trial"],
    ["3", "agatha-dev-back-trial-0a-0-courier", "back-trial"],
    ["4", "agatha-dev-back-files-0a-0-courier", "back-files"],
    ["5", "agatha-dev-migrate", "migrate"],
    ["6", "agatha-dev-db", "db"],
    ["7", "agatha-dev-db-upgrade-old", "db-work"],
    ["8", "agatha-dev-db-upgrade-new", "db-work"],
    ["9", "agatha-dev-db-other", "db-work"],
    ["10", "eager_noether", "db-work"],
    ["11", "test-trial", ""],
    ["12", "agatha-dev-gateway-data-courier", "gateway-certificate"],
    ["13", "eager_hopper", "gateway-room"],
    ["14", "agatha-dev-gateway", "gateway"],
    ["15", "agatha-dev-back-1234567-former", "back"],
  ];
  const temporary = rows.filter(([, name = "", service = ""]) => isTemporary({ name, service }));
  expect(temporary.map(([id]) => id)).toEqual(["2", "3", "4", "5", "7", "8", "12", "13"]);
});

describe("the docker host that holds a stack", () => {
  const stash = (output: unknown) => ({
    urn: "urn:pulumi:dev::agatha::pulumi:index:Stash::docker-host",
    type: "pulumi:index:Stash",
    outputs: { output },
  });

  it("is the one of the update that made the stack", () => {
    const held = { engine: "ID", address: "ssh://u@h" };
    const other = { ...stash({ engine: "X", address: "x" }), urn: "u::other" };
    expect(heldHostOf({ resources: [other, stash(held)] })).toEqual(held);
    expect(isOnSwarm({ resources: [stash(held)] })).toBe(false);
    expect(isOnSwarm({ resources: [stash({ ...held, target: "swarm" })] })).toBe(true);
  });

  it("is unknown before anything was made", () => {
    expect(heldHostOf({})).toBeUndefined();
    expect(heldHostOf({ resources: [stash({ engine: "", address: "x" })] })).toBeUndefined();
    expect(heldHostOf({ resources: [stash(undefined)] })).toBeUndefined();
  });
});

it("a renamed stack is known by its volume, which has the old name", () => {
  const volume = {
    urn: "urn:pulumi:b::agatha::docker:index/volume:Volume::db-data",
    type: "docker:index/volume:Volume",
    inputs: {
      name: "agatha-a-db-data-17",
      labels: [
        { label: "agatha.service", value: "db" },
        { label: "agatha.stack", value: "a" },
      ],
    },
  };
  expect(volumeIn({ resources: [volume] })).toEqual({ name: "agatha-a-db-data-17", stack: "a" });
  expect(volumeIn({})).toBeUndefined();
  expect(() => refuseRenamed("b", { resources: [volume] })).toThrow(
    "stack b: was renamed from a, and its containers and its data, in volume agatha-a-db-data-17, are still those of a.",
  );
  expect(() => refuseRenamed("a", { resources: [volume] })).not.toThrow();
});

it("a state is empty without anything on a docker host, made or being made", () => {
  const resource = (type: string) => ({ urn: "u", type });
  const own = [resource("pulumi:pulumi:Stack"), resource("pulumi:providers:docker")];
  expect(isEmpty({})).toBe(true);
  expect(isEmpty({ resources: own })).toBe(true);
  expect(isEmpty({ resources: [...own, resource("docker:index/volume:Volume")] })).toBe(false);
  const pending = { type: "creating", resource: resource("docker:index/container:Container") };
  expect(isEmpty({ resources: own, pending_operations: [pending] })).toBe(false);
});

it("a docker host that is not the stack's is reported with both addresses, or with the one that moved", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-other-"));
  const docker = fake(folder, "docker", ["echo OTHER linux x86_64"]);
  const refused = (address: string, engine = "OWN") => {
    const outputs = { output: { engine, address } };
    const resources = [{ urn: "u::docker-host", type: "pulumi:index:Stash", outputs }];
    return refuseOtherHost("dev", { resources }, { ...process.env, ...docker, DOCKER_HOST: "unix:///a" });
  };
  await expect(refused("ssh://u@h")).rejects.toThrow(
    `docker: at "unix:///a" answers another docker engine than the one that stack dev runs on, which is "ssh://u@h". Nothing was removed. Set agatha:dockerHost, DOCKER_HOST or docker's context back to it, then run this again.`,
  );
  await expect(refused("unix:///a")).rejects.toThrow("that stack dev runs on. Nothing was removed.");
  await refused("ssh://u@h", "OTHER");
  rmSync(folder, { recursive: true });
});

describe("an interrupted update", () => {
  const operation = (type: string, resourceType: string, inputs: Record<string, unknown>) => ({
    type,
    resource: { urn: "u", type: resourceType, inputs },
  });

  it("was making containers and networks, whose names are taken now", () => {
    const deployment: Deployment = {
      pending_operations: [
        operation("creating", "docker:index/container:Container", { name: "agatha-dev-back" }),
        operation("creating", "docker:index/network:Network", { name: "agatha-dev-network" }),
      ],
    };
    expect(unfinished(deployment)).toEqual([
      { kind: "container", name: "agatha-dev-back" },
      { kind: "network", name: "agatha-dev-network" },
    ]);
  });

  it("leaves volumes, commands and what it was deleting alone", () => {
    const deployment: Deployment = {
      pending_operations: [
        operation("creating", "docker:index/volume:Volume", { name: "agatha-dev-db-data" }),
        operation("creating", "command:local:Command", {}),
        operation("deleting", "docker:index/container:Container", { name: "agatha-dev-back" }),
      ],
    };
    expect(unfinished(deployment)).toEqual([]);
    expect(unfinished({})).toEqual([]);
  });

  it("worked on the docker host that its provider has", () => {
    const provider = { urn: "u", type: "pulumi:providers:docker", inputs: { host: "ssh://u@h" } };
    expect(dockerHostInState({ resources: [provider] })).toBe("ssh://u@h");
    expect(dockerHostInState({ resources: [{ ...provider, inputs: {} }] })).toBeUndefined();
    expect(dockerHostInState({})).toBeUndefined();
  });
});
