/** What docker says of a swarm and of a service's tasks, and what follows from it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { Unhealthy } from "../../../lib/docker/health.ts";
import { refuseUnfitNames, unfit } from "../../../lib/docker/swarm/fitness.ts";
import { culprit, renewTasks, type Task, untilTasksRun } from "../../../lib/docker/swarm/gate.ts";
import { scaledService, startTasks, stopTasks } from "../../../lib/docker/swarm/scale.ts";
import { deployedOf, versionIn, versionOf } from "../../../lib/docker/swarm/services.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-swarm-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe("a docker host", () => {
  const manager = { LocalNodeState: "active", ControlAvailable: true, Nodes: 1 };
  const host = "ssh://me@host";

  it("is fit if it is a manager; of several nodes, with a registry", () => {
    expect(unfit(manager, host, false)).toBeUndefined();
    expect(unfit({ ...manager, Nodes: 3 }, host, true)).toBeUndefined();
  });

  it.each([
    [
      { LocalNodeState: "inactive", ControlAvailable: false },
      true,
      /is in none\. Make one there: `docker swarm init --advertise-addr 127\.0\.0\.1 --listen-addr 127\.0\.0\.1`/,
    ],
    [
      { LocalNodeState: "locked", ControlAvailable: false },
      true,
      /is locked\. Unlock it there: `docker swarm unlock`\.$/,
    ],
    [{ LocalNodeState: "pending", ControlAvailable: false }, true, /is in none/],
    [
      { LocalNodeState: "active", ControlAvailable: false },
      true,
      /is a worker of its swarm\. Set agatha:dockerHost to a manager\.$/,
    ],
    [
      { ...manager, Nodes: 3 },
      false,
      /^agatha:registry: is missing, and the swarm has 3 nodes, which pull the images from there\./,
    ],
  ])("%j, registry %s, is refused", (info, hasRegistry, reason) => {
    expect(unfit(info, host, hasRegistry)).toMatch(reason);
  });
});

it.each([
  ["dev", true],
  ["review_1-x", true],
  ["x".repeat(50), true],
  ["x".repeat(51), false],
  ["v1.2", false],
  ["ends-", true],
])("a stack called %s has services: %s", (stack, taken) => {
  const refuse = () => refuseUnfitNames(stack, [`agatha-${stack}-back`, `agatha-${stack}-front`]);
  if (taken) expect(refuse).not.toThrow();
  else expect(refuse).toThrow("Use one of at most 50 letters, digits, - and _");
});

describe("a service", () => {
  const inspected = (state?: string) =>
    JSON.stringify({
      Spec: { Name: "agatha-a-back", Labels: {}, TaskTemplate: { ContainerSpec: { Image: "sha256:1" } } },
      ...(state === undefined ? {} : { UpdateStatus: { State: state, Message: "" } }),
    });
  const answer = (stdout: string, stderr = "") => ({ stdout, stderr, error: stderr || undefined });

  it("is deployed unless docker undid its last update", () => {
    for (const state of [undefined, "completed", "updating"])
      expect(deployedOf("agatha-a-back", answer(inspected(state)))).toEqual({
        image: "sha256:1",
        connected: true,
      });
    for (const state of ["rollback_started", "rollback_completed", "rollback_paused", "paused"])
      expect(deployedOf("agatha-a-back", answer(inspected(state)))).toBe("former sha256:1");
  });

  it("is absent if docker says so, beside one that is there, and unknown without an answer", () => {
    const missing = "Error: no such service: agatha-a-front";
    expect(deployedOf("agatha-a-front", answer(inspected(), missing))).toBe("absent");
    expect(deployedOf("agatha-a-back", answer(inspected(), missing))).toEqual({
      image: "sha256:1",
      connected: true,
    });
    expect(deployedOf("agatha-a-back", answer("", "connection refused"))).toBe("unknown");
  });
});

const task = (
  ID: string,
  State: string,
  more: Partial<Task["Status"]> = {},
  DesiredState = "running",
): Task => ({
  ...{ ID, CreatedAt: "2026-11-01T00:00:00Z", DesiredState, Spec: { ContainerSpec: { Image: "new" } } },
  Status: { State, Timestamp: "2026-11-01T00:00:01Z", ...more },
});

describe("the task that shows why", () => {
  it("is the one that failed last, else one that does not start", () => {
    const early = task("early", "failed", { Timestamp: "2026-11-01T00:00:02Z" });
    const late = task("late", "rejected", { Timestamp: "2026-11-01T00:00:03Z" });
    const pending = task("pending", "pending", { Timestamp: "2026-11-01T00:00:09Z" });
    const ended = task("ended", "shutdown", { Timestamp: "2026-11-01T00:00:08Z" }, "shutdown");
    expect(culprit([late, early, pending, ended])?.ID).toBe("late");
    expect(culprit([task("fine", "running"), pending, ended])?.ID).toBe("pending");
    expect(culprit([task("fine", "running")])).toBeUndefined();
  });
});

const SPEC = '"Spec":{"TaskTemplate":{"ContainerSpec":{"Image":"new"}}}';

describe("the gate", () => {
  /** A docker whose service is in these states, one a look, and has these tasks. */
  function withService(states: string[], tasks: Task[]): string {
    const looks = states.map((state, index) => `${index}) s='${state}' ;;`).join(" ");
    const script = [
      `count="${folder}/count"; n=$(cat "$count" 2>/dev/null || echo 0)`,
      `case "$1 $2" in "service inspect") echo $((n + 1)) > "$count"; case $n in ${looks} *) s='${states.at(-1)}' ;; esac`,
      `if [ -n "$s" ]; then printf '{${SPEC},"UpdateStatus":{"State":"%s","Message":"said so"}}\\n' "$s"; else echo '{${SPEC}}'; fi ;;`,
      `"service ps") ${tasks.length === 0 ? ":" : `printf '%s\\n' ${tasks.map(({ ID }) => ID).join(" ")}`} ;;`,
      `"inspect --type") cat <<'TASKS'\n${tasks.map((one) => JSON.stringify(one)).join("\n")}\nTASKS\n;;`,
      `"service logs") echo "the end of $6" ;;`,
      `"service update") echo "$*" >> "${folder}/said" ;; esac`,
    ];
    rmSync(join(folder, "count"), { force: true });
    const env = fake(folder, "docker", script);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return folder;
  }
  const gate = { name: "agatha-a-back", replicas: 2, limitMs: 5000, version: versionOf({}, []) };
  const two = [task("one", "running"), task("two", "running")];

  it("opens once docker has completed the update, or has nothing to update, and all tasks run", async () => {
    const undone = vi.fn();
    withService(["updating", "updating", "completed"], two);
    await untilTasksRun(gate, undone);
    withService([""], two);
    await untilTasksRun(gate, undone);
    expect(undone).not.toHaveBeenCalled();
  });

  it("stays closed while only tasks of the version before run", async () => {
    const before = [
      { ContainerSpec: { Image: "old" } },
      { ContainerSpec: { Image: "new" }, Resources: { Limits: { MemoryBytes: 1 } } },
      { ContainerSpec: { Image: "new" }, ForceUpdate: 1 },
    ];
    for (const [state, Spec] of ["", "completed"].flatMap((each) =>
      before.map((spec) => [each, spec] as const),
    )) {
      withService([state], [{ ...task("one", "running"), Spec }, task("two", "running")]);
      const error = await untilTasksRun({ ...gate, limitMs: 10 }, vi.fn()).catch((caught: unknown) => caught);
      expect((error as Error).message).toContain("1 of 2 tasks run after 0.");
    }
  });

  it("fails with the reason and the log if docker went back, and says so as soon as it begins", async () => {
    const undone = vi.fn();
    withService(
      ["updating", "rollback_started", "rollback_completed"],
      [...two, task("bad", "failed", { Err: "task: non-zero exit (1)" }, "shutdown")],
    );
    const error = await untilTasksRun(gate, undone).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Unhealthy);
    expect(error).toMatchObject({ message: "task: non-zero exit (1) (said so)", log: "the end of bad" });
    expect(undone).toHaveBeenCalledOnce();
  });

  it("goes back itself if an update takes too long", async () => {
    const undone = vi.fn();
    withService(["updating"], [task("one", "running"), task("two", "starting")]);
    const error = await untilTasksRun({ ...gate, limitMs: 10 }, undone).catch((caught: unknown) => caught);
    expect((error as Error).message).toMatch(/^starting \(1 of 2 tasks run after 0\.\d s\)$/);
    expect(undone).toHaveBeenCalledOnce();
    expect(readFileSync(join(folder, "said"), "utf8")).toBe(
      "service update --rollback --detach agatha-a-back\n",
    );
  });

  it("goes back soon if no node takes a task, with docker's reason and no log, and waits for one at first", async () => {
    const Err = "no suitable node (scheduling constraints not satisfied on 1 node)";
    for (const desired of ["ready", "running"]) {
      const undone = vi.fn();
      withService(["updating"], [task("one", "running"), task("two", "pending", { Err }, desired)]);
      const start = performance.now();
      const error = await untilTasksRun({ ...gate, placeMs: 400 }, undone).catch((caught: unknown) => caught);
      expect(performance.now() - start).toBeGreaterThan(400);
      expect((error as Error).message).toMatch(
        /^no suitable node \(scheduling constraints not satisfied on 1 node\) \(1 of 2 tasks run after \d\.\d s\)$/,
      );
      expect((error as Unhealthy).log).toBe("");
      expect(undone).toHaveBeenCalledOnce();
    }
  });

  it("looks twice where docker has said nothing yet: it may only be about to begin", async () => {
    withService(["", "updating", "rollback_completed"], two);
    await expect(untilTasksRun(gate, vi.fn())).rejects.toThrow("said so");
  });

  it("fails at another version than the one that was sent", async () => {
    withService([""], two);
    await expect(untilTasksRun({ ...gate, version: versionOf({ X: "1" }, []) }, vi.fn())).rejects.toThrow(
      "agatha-a-back: docker has another version of it than this update's. Run `pulumi up --refresh`.",
    );
  });

  it("takes whatever version docker has if none was sent, also one that docker went back to", async () => {
    const undone = vi.fn();
    withService(["rollback_completed"], two);
    await untilTasksRun({ ...gate, version: undefined }, undone);
    expect(undone).not.toHaveBeenCalled();
  });

  it("waits while tasks of a new service start, and does not count those that had failed before", async () => {
    withService([""], [task("old", "failed", { Err: "was bad" }, "shutdown"), task("one", "starting")]);
    const error = await untilTasksRun({ ...gate, limitMs: 400 }, vi.fn()).catch((caught: unknown) => caught);
    expect((error as Error).message).toMatch(/^starting \(0 of 2 tasks run after 0\.\d s\)$/);
  });
});

it("tasks of before their database's container are replaced, unless an update does that already", async () => {
  const renewed = async (database: string, image: string) => {
    const script = [
      `case "$1 $2" in "container inspect") echo '"${database}"' ;;`,
      `"inspect --type") echo '${JSON.stringify(task("one", "running"))}' ;;`,
      `"service inspect") echo '${JSON.stringify({ Spec: { TaskTemplate: { ContainerSpec: { Image: image } } } })}' ;;`,
      `"service ps") echo one ;; *) echo "$*" >> "${folder}/renewed" ;; esac`,
    ];
    writeFileSync(join(folder, "renewed"), "");
    for (const [name, value] of Object.entries(fake(folder, "docker", script))) vi.stubEnv(name, value);
    await renewTasks("agatha-a-back", "db");
    return readFileSync(join(folder, "renewed"), "utf8");
  };
  expect(await renewed("2026-11-01T00:00:00.5Z", "new")).toBe(
    "service update --force --detach agatha-a-back\n",
  );
  expect(await renewed("2026-10-31T23:59:59.9Z", "new")).toBe("");
  expect(await renewed("2026-11-01T00:00:00.5Z", "newer")).toBe("");
});

it("a version is what was sent, in any order", () => {
  const ContainerSpec = {
    ...{ Image: "x", Env: ["B=2", "A=1=1"] },
    ...{ Secrets: [{ SecretID: "s" }], Configs: [{ ConfigID: "c" }] },
  };
  const inspected = { Spec: { Name: "", Labels: {}, TaskTemplate: { ContainerSpec } } };
  expect(versionIn(inspected)).toBe(versionOf({ A: "1=1", B: "2" }, ["c", "s"]));
  expect(versionIn(inspected)).not.toBe(versionOf({ A: "1=1", B: "2" }, ["c", "t"]));
});

describe("a service's tasks, ended and started for a restore", () => {
  /** A docker whose service is in this state, with this number of replicas at the second look, and has these tasks. */
  function withService(state: string, replicas: number, tasks: Task[] = []): () => string[] {
    const UpdateStatus = { State: state, Message: "" };
    const Spec = { Mode: { Replicated: { Replicas: replicas } } };
    const script = [
      `case "$1 $2" in "service ls") echo "agatha-a-back 2/2" ;;`,
      `"service inspect") echo '${JSON.stringify({ Spec, UpdateStatus })}' ;;`,
      `"service ps") printf '%s\\n' ${tasks.map(({ ID }) => ID).join(" ")} ;;`,
      `"inspect --type") cat "${folder}/tasks"; [ ! -e "${folder}/scaled" ] || : > "${folder}/tasks" ;;`,
      `"node ls") printf 'n1 Ready one\\nn2 Down two\\n' ;;`,
      `*) echo "$*" >> "${folder}/scaled" ;; esac`,
    ];
    rmSync(join(folder, "scaled"), { force: true });
    writeFileSync(join(folder, "tasks"), tasks.map((one) => `${JSON.stringify(one)}\n`).join(""));
    for (const [name, value] of Object.entries(fake(folder, "docker", script))) vi.stubEnv(name, value);
    return () => readFileSync(join(folder, "scaled"), "utf8").split("\n").filter(Boolean);
  }

  it("are ended once none has a process, also one that only starts", async () => {
    const said = withService("completed", 2, [task("one", "starting", {}, "remove")]);
    const service = await scaledService("a", "back");
    expect(service).toEqual({ name: "agatha-a-back", replicas: 2, undone: false });
    if (service === undefined) return;
    await stopTasks(service);
    expect(readFileSync(join(folder, "tasks"), "utf8")).toBe("");
    await startTasks(service);
    expect(said()).toEqual([
      "service scale --detach agatha-a-back=0",
      "service scale --detach agatha-a-back=2",
    ]);
  });

  it("are left alone if one is on a node that is down, with what to do about that", async () => {
    const lost = { ...task("one", "running", {}, "shutdown"), NodeID: "n2" };
    const said = withService("completed", 2, [{ ...task("two", "running"), NodeID: "n1" }, lost]);
    await expect(stopTasks({ name: "agatha-a-back", replicas: 2, undone: false })).rejects.toThrow(
      "agatha-a-back: node two is down, and docker cannot tell whether a task there still runs. Start the node again; if it is gone for good: `docker node rm --force n2`",
    );
    expect(said).toThrow("ENOENT");
  });

  it("are started by going back where docker had undone the last update, and only once", async () => {
    const service = { name: "agatha-a-back", replicas: 2, undone: true };
    const said = withService("rollback_completed", 0);
    expect(await scaledService("a", "back")).toEqual(service);
    await startTasks(service);
    expect(said()).toEqual(["service update --rollback --detach agatha-a-back"]);
    const again = withService("rollback_started", 2);
    await startTasks(service);
    expect(again).toThrow("ENOENT");
  });

  it("are none on a docker host in no swarm; any other failure is one", async () => {
    const failing = (words: string) => {
      const env = fake(folder, "docker", [`echo "${words}" >&2; exit 1`]);
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      return scaledService("a", "back");
    };
    expect(await failing("This node is not a swarm manager.")).toBeUndefined();
    await expect(failing("The swarm does not have a leader")).rejects.toThrow("does not have a leader");
  });
});
