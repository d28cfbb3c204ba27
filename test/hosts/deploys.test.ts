/** Nobody notices a deploy, whatever clients are doing, and whether the new version is good or bad. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { showStatus } from "../../lib/stacks/status.ts";
import { loopbackJar, socketsJar } from "../support/backJars.ts";
import { EngineStack } from "../support/engineStack.ts";
import { execute } from "../support/host.ts";
import { callInside } from "../support/insideCalls.ts";
import { setVersion } from "../support/jar.ts";
import { watchedUp } from "../support/killedUp.ts";
import type { Load } from "../support/load.ts";
import { changes, type Ended, type Scratch } from "../support/scratch.ts";
import { containers, expectSettled, routed } from "../support/servicesNow.ts";
import { slowRequest } from "../support/slowRequest.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";
import { expectSentences } from "../support/words.ts";

/** How long the old one gets to finish its requests, in milliseconds. */
const DRAIN_MS = 3000;

/** What is printed when a new back has taken over. */
const TAKEN_OVER = /agatha-back is healthy after/;

let own: EngineStack;
let scratch: Scratch;
/** The first `up` of the stack, and the second. */
const firsts: Ended[] = [];

beforeAll(async () => {
  own = await EngineStack.make(async (made) => {
    made.config["gateway"] = { drain: `${DRAIN_MS / 1000}s` };
    made.back({ jar: await loopbackJar(made.folder) });
    firsts.push(await made.up());
    made.back({ env: { X: "1" } });
    firsts.push(await made.up());
    made.back({ env: {}, jar: await socketsJar(made.folder) });
  });
  ({ scratch } = own);
});
afterAll(() => own?.remove());

const get = async (url: string) => (await fetch(url)).text();

/** Logs in over the stack's network, where PostgreSQL wants the password; its answer to `select 1`, or its error. */
async function login(password: string): Promise<string> {
  const psql = ["psql", "-h", "agatha-db", "-U", "postgres", "-d", "docker_agatha_db", "-qtAXc", "select 1"];
  const args = ["exec", "--env", "PGPASSWORD", scratch.named("db"), ...psql];
  return (await execute("docker", args, { ...process.env, PGPASSWORD: password })).output.trim();
}

it("a stack whose first versions are bad says so, and is up with the first good one", async () => {
  for (const { code, output } of firsts) {
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /agatha-back listens on 127\.0\.0\.1 only; let it listen on 0\.0\.0\.0\. Fix what/,
    );
    expect(output).toMatch(/The last lines of `docker logs agatha-\S+-back-[0-9a-f]{7}`:/);
  }
  await expectSettled(scratch);
});

describe("an update", () => {
  it("leaves a WebSocket with the old version until the drain ends", async () => {
    const load = await own.load("reads");
    const socket = new WebSocket(scratch.backUrl.replace("http", "ws"));
    let lastTick = 0;
    socket.addEventListener("message", () => {
      lastTick = performance.now();
    });
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener("close", () => resolve(performance.now()));
    });
    await vi.waitFor(() => expect(lastTick).toBeGreaterThan(0));
    scratch.back({ jar: scratch.jar });
    const up = watchedUp(scratch);
    await up.until(TAKEN_OVER);
    const start = performance.now();
    expect(await get(`${scratch.backUrl}/ping`)).toContain("pong");
    const end = await closed;
    // Pulumi prints a little later than it happens.
    expect(end - start).toBeGreaterThan(DRAIN_MS - 1000);
    expect(end - start).toBeLessThan(DRAIN_MS + 10_000);
    expect(end - lastTick).toBeLessThan(1000);
    expect(await up.ended()).toContain("; 1 was cut off");
    expectUnnoticed(await load.stop());
    await expectSettled(scratch);
  });

  it("is noticed by nobody: three of the back, and three of the front", async () => {
    let version = 1;
    const back = () => setVersion(scratch.jar, String(version));
    const front = () => writeFileSync(join(scratch.dist, "release.txt"), String(version));
    const both = () => Promise.all([back(), front()]);
    const load = await own.load();
    const insideCalls = callInside(scratch);
    let ids = await expectSettled(scratch);
    for (const [change, services] of [
      [back, ["back"]],
      [front, ["front"]],
      [both, ["back", "front"]],
      [both, ["back", "front"]],
    ] as const) {
      version++;
      await change();
      const { output } = await scratch.upWell();
      const now = await expectSettled(scratch);
      expect(Object.keys(now).filter((service) => now[service] !== ids[service])).toEqual(services);
      ids = now;
      for (const service of services) {
        expect(output).toContain(`agatha-${service} is healthy after`);
        expect(output).not.toMatch(/away for|cut off/);
      }
    }
    expect(await get(`${scratch.backUrl}/version`)).toContain(`"${version}"`);
    expect(await get(`${scratch.frontUrl}/release.txt`)).toBe(String(version));
    expectUnnoticed(await load.stop());
    const answers = await insideCalls();
    expect(Object.keys(answers)).toEqual(["200"]);
    expect(answers["200"]).toBeGreaterThan(50);
  });

  it("lets a slow request finish that outlives the switch", async () => {
    scratch.back({ env: { X: "slow" } });
    const up = watchedUp(scratch);
    await up.until(/back-healthy creating/);
    const request = await slowRequest(`${scratch.backUrl}/api/budgets`);
    await up.until(TAKEN_OVER);
    await sleep(500);
    expect(await request.finish()).toBe(201);
    expect(await up.ended()).not.toContain("cut off");
    await expectSettled(scratch);
  });

  it("whose new version is killed right after it took over is served again by itself", async () => {
    const load = await own.load();
    scratch.back({ env: { X: "killed" } });
    const up = watchedUp(scratch);
    await up.until(TAKEN_OVER);
    const [id = ""] = await routed(scratch, "back");
    const [pid] = await scratch.docker("inspect", "--format", "{{.State.Pid}}", id);
    process.kill(Number(pid), "SIGKILL");
    await up.ended();
    await vi.waitFor(async () => expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200), {
      timeout: 60_000,
    });
    expect((await expectSettled(scratch))["back"]).toMatch(new RegExp(`^${id}`));
    const again = await own.load();
    await sleep(1000);
    expectUnnoticed(await again.stop());
    const { failures, missing, longestGapMs } = await load.stop();
    console.info(
      `killed after it took over: gap ${Math.round(longestGapMs)} ms, ${JSON.stringify(failures)}`,
    );
    // What it was answering when it was killed, and what waited for longer than the gateway holds requests.
    for (const { kind } of failures) expect(kind).toMatch(/^(ECONNRESET|status 50[23])$/);
    expect(missing).toEqual([]);
  });
});

describe("a database", () => {
  /** Runs the canary's step as pulumi would, with the given variables besides its own. */
  async function canary(env: Record<string, string>): Promise<Ended> {
    const { output } = await scratch.pulumi(["stack", "export"]);
    const { deployment } = JSON.parse(output) as {
      deployment: { resources: { urn: string; inputs: { environment: Record<string, string> } }[] };
    };
    const { environment } = deployment.resources.find(({ urn }) => urn.endsWith("::db-trial"))?.inputs ?? {};
    const described = JSON.parse(environment?.["TRIAL"] ?? "") as { env: object };
    const TRIAL = JSON.stringify({ ...described, env: { ...described.env, ...env } });
    return execute("bash", ["-c", "node steps/try-database.ts < /dev/null"], {
      ...scratch.env,
      ...environment,
      TRIAL,
    });
  }

  it("is tried on a new volume, never on the data", async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
    const before = await expectSettled(scratch);
    const { code, output } = await canary({});
    expect(code, output).toBe(0);
    expect(output).toMatch(/^agatha-db: the canary of agatha-db-image:\w+ got healthy, [\d.]+ s in all$/m);
    expect(await expectSettled(scratch)).toEqual(before);
    expect(await scratch.sql("select name from budget where name = 'kept'")).toEqual(["kept"]);
  });

  it("that cannot initialise a new volume fails its canary, although it would start on the data", async () => {
    const { code, output } = await canary({ POSTGRES_PASSWORD_FILE: "/nowhere" });
    expect(code).toBe(1);
    expect(output).toMatch(/agatha-db: its canary of .* exit code 1; agatha-db-image:\w+ keeps serving/);
    expect(output).toContain('POSTGRES_PASSWORD_FILE: "/nowhere" cannot be read');
    await expectSettled(scratch);
  });
});

describe("a bad version is never noticed, and nothing of it stays:", () => {
  let load: Load;
  /** What runs, with its volumes. */
  let before: { ids: Record<string, string>; volumes: string[] };
  let good: Record<string, unknown>;

  const everything = async () => ({
    ids: Object.fromEntries((await containers(scratch)).map(({ service, id }) => [service, id])),
    volumes: (await scratch.own("volume")).sort(),
  });

  beforeAll(async () => {
    load = await own.load();
    good = structuredClone(scratch.config);
    before = await everything();
  });

  /** An `up` that fails. What ran before still does, and is routed; there is no other container or volume. */
  async function failing(
    service: "back" | "front",
    reason: RegExp,
    outcome = "keeps serving",
  ): Promise<string> {
    const { code, output } = await scratch.up();
    expect(code, output).not.toBe(0);
    expectSentences(scratch, output);
    expect(output).toMatch(reason);
    expect(output).toContain(`The old one ${outcome}. Fix what the log shows, then run up again.`);
    expect(await everything()).toEqual(before);
    expect((await containers(scratch)).map(({ state }) => state)).toEqual(Array(4).fill("running"));
    expect(await routed(scratch, service)).toEqual([before.ids[service]?.slice(0, 12)]);
    return output;
  }

  /** An `up` with a good version. */
  async function healed(args: string[] = []): Promise<void> {
    const { code, output } = await scratch.operate(["up", "--yes", "--skip-preview", ...args]);
    expect(code, output).toBe(0);
    const { db, gateway } = await expectSettled(scratch);
    expect({ db, gateway }).toEqual({ db: before.ids["db"], gateway: before.ids["gateway"] });
    before = await everything();
  }

  const refuse = () => scratch.back({ env: { serverPort: "none" } });
  const restore = () => Object.assign(scratch.config, structuredClone(good));

  it("a back that ends at once, with a new password", async () => {
    refuse();
    scratch.config["databasePassword"] = "another one";
    const output = await failing("back", /agatha-back ends right after its start, with exit code 1\./);
    expect(output).toContain('serverPort: "none" is no port.');
    const { databasePassword } = good;
    expect(await login(String(databasePassword))).toBe("1");
    expect(await login("another one")).toContain("password authentication failed");
  });

  it("then a preview and status show what is", async () => {
    const { code, output, operations } = await scratch.preview();
    expect(code, output).toBe(0);
    expect(changes(operations)).toMatchObject({ "back-files": "replace", "back-healthy": "replace" });
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const status = await showStatus(scratch.stack);
    const [[text] = []] = write.mock.calls;
    write.mockRestore();
    expect(status, String(text)).toBe(1);
    expect(text).toMatch(
      /^back: \S+-former keeps serving, since the update that was to replace it failed\./m,
    );
    expect(await everything()).toEqual(before);
  });

  it("then the same once more", async () => {
    await failing("back", /agatha-back ends right after its start, with exit code 1\./);
    expect(await login(String(good["databasePassword"]))).toBe("1");
  });

  it("then the former version, which is up", async () => {
    restore();
    await healed();
    expect(await login(scratch.password)).toBe("1");
  });

  it("a front that never gets healthy", async () => {
    const health = { path: "/", statuses: [299], interval: "1s", startPeriod: "3s" };
    scratch.config["front"] = { ...(good["front"] as object), health };
    await failing(
      "front",
      /agatha-front is unhealthy: it answers 200 at \/, not 299; set agatha:front\.health\./,
    );
  });

  it("then another version, which is up", async () => {
    restore();
    writeFileSync(join(scratch.dist, "release.txt"), "another");
    await healed();
    expect(await get(`${scratch.frontUrl}/release.txt`)).toBe("another");
  });

  it("a back that needs more memory than its limit", async () => {
    scratch.back({ memory: 24, javaOptions: ["-Xms256m", "-XX:+AlwaysPreTouch"] });
    await failing("back", /agatha-back was killed.* needs more memory than its limit\./);
  });

  it("then a good one with --refresh, which is up", async () => {
    restore();
    await healed(["--refresh"]);
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });

  it("a back that listens on loopback alone", async () => {
    scratch.back({ jar: await loopbackJar(scratch.folder) });
    await failing("back", /agatha-back listens on 127\.0\.0\.1 only; let it listen on 0\.0\.0\.0\./);
  });

  it("all the while, nobody noticed", async () => {
    expectUnnoticed(await load.stop());
  });

  it("where the old one was stopped, it is started again", async () => {
    await scratch.docker("stop", before.ids["back"] as string);
    scratch.back({ jar: scratch.jar, env: { serverPort: "none" } });
    await failing("back", /agatha-back ends right after its start, with exit code 1\./, "is started again");
    expect(await get(`${scratch.backUrl}/ping`)).toContain("pong");
  });

  it.each([[[]], [["--refresh"]]])(
    "a gateway that was stopped is started for the next good one: %j",
    async (args) => {
      restore();
      await scratch.docker("stop", scratch.named("gateway"));
      scratch.back({ env: { X: `stopped ${args}` } });
      const { code, output } = await scratch.operate(["up", "--yes", "--skip-preview", ...args]);
      expect(code, output).toBe(0);
      await expectSettled(scratch);
    },
  );

  it("down takes away what a failed update left", async () => {
    const { code, output } = await scratch.destroy();
    expect(code, output).toBe(0);
    expect(await containers(scratch)).toEqual([]);
    expect(await scratch.own("network")).toEqual([]);
    // The data stays.
    expect(await scratch.own("volume")).toEqual([`agatha-${scratch.stack}-db-data`]);
  });
});
