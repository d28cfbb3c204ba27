/** The tests' temporary docker host: separate from this machine's, and removed without a trace however it ended. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { removeEngine } from "../support/engineRemoval.ts";
import { execute } from "../support/host.ts";

let engine: Engine;
afterEach(() => engine?.remove());

/** Runs a program of this machine in a container there, until it is stopped. */
async function runSleeper(): Promise<void> {
  // Debian's sleep with the libraries that it is linked to.
  const tar =
    "tar --create --dereference /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*') 2>/dev/null | docker import - sleeper";
  const env = { ...process.env, DOCKER_HOST: engine.host };
  expect(await execute("bash", ["-c", tar], env)).toMatchObject({ code: 0 });
  const run = await engine.docker("run", "--detach", "--name", "sleeper", "sleeper", "/bin/sleep", "3210");
  expect(run.code, run.output).toBe(0);
}

/** What this machine still has of it: processes, mounts, control groups, namespace, routes, files. */
async function traces(): Promise<string[]> {
  const { folder, name, address } = engine;
  const having = (text: string, part: string) => text.split("\n").filter((line) => line.includes(part));
  const groups = readdirSync("/sys/fs/cgroup").map((root) => `/sys/fs/cgroup/${root}/${name}`);
  return [
    ...having((await execute("ps", ["-eo", "pid,args"])).output, name),
    ...having((await execute("ps", ["-eo", "pid,args"])).output, "sleep 3210"),
    ...having(readFileSync("/proc/mounts", "utf8"), name),
    ...having((await execute("ip", ["-4", "route"])).output, address.replace(/\d+$/, "")),
    ...[folder, `/run/netns/${name}`, ...groups].filter((path) => existsSync(path)),
  ];
}

it("is separate from this machine, and is removed without a trace", async () => {
  engine = await Engine.make({ dataSize: "200m" });
  await runSleeper();
  const id = ["info", "--format", "{{.ID}}"];
  expect((await engine.docker(...id)).output).not.toBe((await execute("docker", id)).output);
  expect((await execute("docker", ["inspect", "sleeper"])).code).not.toBe(0);
  expect((await traces()).length).toBeGreaterThan(6);
  await engine.remove();
  expect(await traces()).toEqual([]);
});

it("starts its containers again after a crash, and is removed without a trace after one", async () => {
  engine = await Engine.make();
  await runSleeper();
  await engine.end("SIGKILL");
  await engine.start();
  expect((await engine.docker("ps", "--all", "--format", "{{.Names}}")).output).toBe("sleeper\n");
  await engine.end("SIGKILL");
  // As after a killed test run: no daemon answers.
  await removeEngine(engine.folder);
  expect(await traces()).toEqual([]);
});
