/** A version that fails its health check never replaces the running one: its canary fails, and the running one never stops. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { crowd, untilStarted } from "../support/absence.ts";
import { Engine } from "../support/engine.ts";
import { changes, type Ended, execute, type Operations, Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";
import { zip } from "../support/zip.ts";

let engine: Engine;
let scratch: Scratch;
let working: Record<string, unknown>;

beforeAll(async () => {
  engine = await Engine.make();
  scratch = await Scratch.make(engine.asHost);
  await scratch.upWell();
  working = structuredClone(scratch.config);
});
afterAll(async () => {
  if (working !== undefined) Object.assign(scratch.config, structuredClone(working));
  try {
    await scratch?.remove();
  } finally {
    await engine?.remove();
  }
});

const fix = () => Object.assign(scratch.config, structuredClone(working));

/** Names of everything of the stack, to see whether a canary left something behind. */
async function everything(): Promise<string[]> {
  const label = ["--filter", `label=agatha.stack=${scratch.stack}`];
  return [
    ...(await scratch.docker("container", "ls", "--all", "--format", "{{.Names}}", ...label)),
    ...(await scratch.docker("volume", "ls", "--format", "{{.Name}}", ...label)),
  ].sort();
}

/** Requests the back continuously; returns how often, and the answers that were not 200. */
function asking() {
  const seen = { asked: 0, failed: [] as string[], stop: false };
  const done = (async () => {
    while (!seen.stop) {
      const answer = await fetch(`${scratch.backUrl}/health`).then(
        ({ status }) => String(status),
        (error: Error) => error.message,
      );
      seen.asked += 1;
      if (answer !== "200") seen.failed.push(answer);
      await sleep(50);
    }
    return seen;
  })();
  return async () => {
    seen.stop = true;
    return done;
  };
}

/** A back that answers everything with 200, on 127.0.0.1 only. */
async function loopbackJar(): Promise<string> {
  const [source, jar] = [join(scratch.folder, "Loopback.java"), join(scratch.folder, "loopback.jar")];
  writeFileSync(
    source,
    `import com.sun.net.httpserver.HttpServer;
    import java.net.InetSocketAddress;
    public class Loopback {
      public static void main(String[] args) throws Exception {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 8000), 0);
        server.createContext("/", exchange -> exchange.sendResponseHeaders(200, -1));
        server.start();
      }
    }`,
  );
  const { code, output } = await execute("javac", ["--release", "17", "-d", scratch.folder, source]);
  expect(code, output).toBe(0);
  const classFile = readFileSync(join(scratch.folder, "Loopback.class"));
  const manifest = "Manifest-Version: 1.0\nMain-Class: Loopback\n";
  writeFileSync(jar, zip({ "META-INF/MANIFEST.MF": manifest, "Loopback.class": classFile }));
  return jar;
}

describe("a change", () => {
  let before: { running: Record<string, string>; everything: string[] };
  let end: ReturnType<typeof asking>;
  let image = "";

  beforeAll(async () => {
    before = { running: await scratch.running(), everything: await everything() };
    image =
      (await scratch.docker("inspect", "--format", "{{.Config.Image}}", scratch.container("back")))[0] ?? "";
    end = asking();
  });
  afterEach(async () => {
    fix();
    expect(await scratch.running()).toEqual(before.running);
    expect(await everything()).toEqual(before.everything);
  });

  async function fail(): Promise<Ended & { operations: Operations }> {
    const ended = await scratch.up();
    expect(ended.code, ended.output).not.toBe(0);
    expectSentences(scratch, ended.output);
    expect(ended.output).toContain(`${image} keeps serving. Fix what its log shows, then run up again.`);
    expect(ended.operations).not.toHaveProperty("back-container", "replace");
    return ended;
  }

  it("that exits at its start is refused with its exit code and last log lines, and again by the next up", async () => {
    scratch.back({ env: { serverPort: "none" } });
    const start = performance.now();
    const { output } = await fail();
    expect(output).toMatch(
      /agatha-back: its canary of agatha-back-image:\w+ ends right after its start, with exit code 1;/,
    );
    expect(output).toContain('serverPort: "none" is no port.');
    // Less than the start period and the probes after it, also on a busy machine.
    expect(performance.now() - start).toBeLessThan(70_000);
    expect(changes((await fail()).operations)).toEqual({ "back-trial": "update" });
  });

  it("whose health path answers something else is refused with that answer", async () => {
    scratch.back({ health: { path: "/health", statuses: [299], interval: "1s", startPeriod: "12s" } });
    const { output } = await fail();
    expect(output).toMatch(
      /is not healthy after 15 s: it answers 200 at \/health, not 299; set agatha:back\.health\./,
    );
  });

  it("that listens on loopback only, where no other container reaches it, is refused at once", async () => {
    scratch.back({ jar: await loopbackJar() });
    const start = performance.now();
    const { output } = await fail();
    expect(output).toMatch(
      /agatha-back-image:\w+ listens on 127\.0\.0\.1 only; let it listen on 0\.0\.0\.0;/,
    );
    expect(performance.now() - start).toBeLessThan(70_000);
  });

  it("that needs more memory than the limit that came with its image is refused", async () => {
    scratch.back({ memory: 24, javaOptions: ["-Xms256m", "-XX:+AlwaysPreTouch"] });
    const { output } = await fail();
    expect(output).toMatch(/agatha-back-image:\w+ was killed: it needs more memory than its limit;/);
  });

  it("with a file that breaks it is refused", async () => {
    scratch.back({
      health: { interval: "1s", startPeriod: "12s" },
      properties: { serverPort: "8000", databaseUrl: "jdbc:postgresql://nowhere/x", databaseUser: "x" },
    });
    const { output } = await fail();
    expect(output).toMatch(/is not healthy after 15 s: it answers 503 at \/health, not 200;/);
  });

  it("leaves no canary behind when interrupted", async () => {
    scratch.back({ env: { serverPort: "8001" } });
    const args = [
      "up",
      "--yes",
      "--skip-preview",
      "--stack",
      scratch.stack,
      "--config-file",
      scratch.configFile,
    ];
    // Writes the config.
    await scratch.preview();
    const up = spawn("pulumi", [...args, "--non-interactive"], { env: scratch.env, stdio: "ignore" });
    const ended = new Promise((resolve) => up.on("close", resolve));
    await vi.waitFor(() => scratch.docker("inspect", `${scratch.container("back")}-trial`), {
      timeout: 60_000,
      interval: 200,
    });
    up.kill("SIGINT");
    const start = performance.now();
    expect(await ended).not.toBe(0);
    // Long before the canary would end: nothing signals the step, so it has to notice by itself.
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("never stops the old one from answering", async () => {
    const { asked, failed } = await end();
    expect(asked).toBeGreaterThan(100);
    expect(failed).toEqual([]);
  });
});

describe("if no version is running,", () => {
  it("a back that exits at its start fails the update at once, and each up until it is fixed", async () => {
    await scratch.docker("stop", scratch.container("back"));
    scratch.back({ env: { serverPort: "none" } });
    const { code, output } = await scratch.up();
    expect(code).not.toBe(0);
    expectSentences(scratch, output);
    expect(output).toContain("agatha-back does not serve: there is nothing for a canary to protect");
    expect(output).toMatch(/agatha-back ends right after its start, with exit code 1/);
    expect(output).toContain('serverPort: "none" is no port.');
    expect(output).toContain(`docker logs ${scratch.container("back")}`);
    const again = await scratch.up();
    expect(again.code).not.toBe(0);
    expect(changes(again.operations)).toHaveProperty("back-healthy");
  });

  it("a back that never becomes healthy is marked unhealthy before its own check stops it", async () => {
    scratch.back({
      env: {},
      health: { path: "/health", statuses: [299], interval: "1s", startPeriod: "12s" },
    });
    const { code, output } = await scratch.up();
    expect(code).not.toBe(0);
    expect(output).toMatch(/agatha-back is unhealthy: it answers 200 at \/health, not 299; set agatha:back/);
  });

  it("the next up passes once it is fixed", async () => {
    fix();
    await scratch.upWell();
    expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });
});

describe("a good change passes its canary, and reports how long the service was unavailable:", () => {
  /** Longest unavailability of the back beyond its own start time, in seconds (issue 5). */
  const LIMIT = 1;
  /** Tolerance for rounding two numbers to tenths and for reading docker's clock, in seconds. */
  const BLUR = 0.3;

  it("by docker's events at most a second more than its start, in the best of up to three updates", async () => {
    // Other load on this machine only adds time, so one update within the limit is enough.
    const updates: { beyond: number; crowd: number }[] = [];
    while (updates.length < 3 && !updates.some(({ beyond }) => beyond <= LIMIT)) {
      scratch.back({ env: { X: String(updates.length) } });
      const since = Date.now() / 1000;
      const { output } = await scratch.upWell();
      expect(output).toMatch(/agatha-back: the canary of agatha-back-image:\w+ got healthy, [\d.]+ s in all/);
      expect(await everything()).not.toContain(`${scratch.container("back")}-trial`);
      const [, own = "", away = ""] =
        /agatha-back is healthy after ([\d.]+) s, away for ([\d.]+) s/.exec(output) ?? [];
      const beyond = await untilStarted(scratch, since);
      expect(Math.abs(Number(away) - Number(own) - beyond), output).toBeLessThan(BLUR);
      updates.push({ beyond, crowd: crowd() });
    }
    if (!updates.some(({ beyond }) => beyond <= LIMIT))
      console.warn(`this machine is too busy for the limit of ${LIMIT} s:`, updates);
    expect(Math.min(...updates.map((one) => one.beyond / one.crowd))).toBeLessThanOrEqual(LIMIT);
  });
});

describe("a database", () => {
  /** Runs the canary's step as pulumi would, with the given inputs in place of its own. */
  async function trial(change: { env?: object } = {}): Promise<Ended> {
    const { output } = await scratch.pulumi(["stack", "export"]);
    const { deployment } = JSON.parse(output) as {
      deployment: { resources: { urn: string; inputs: { environment: Record<string, string> } }[] };
    };
    const { environment } = deployment.resources.find(({ urn }) => urn.endsWith("::db-trial"))?.inputs ?? {};
    const described = JSON.parse(environment?.["TRIAL"] ?? "") as { env: object };
    const TRIAL = JSON.stringify({ ...described, env: { ...described.env, ...change.env } });
    return execute("bash", ["-c", "node steps/trial.ts < /dev/null"], {
      ...scratch.env,
      ...environment,
      TRIAL,
    });
  }

  it("is tried on a new volume, never on the data", async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
    const before = { running: await scratch.running(), everything: await everything() };
    const { code, output } = await trial({ env: { POSTGRES_DB: "docker_agatha_db" } });
    expect(code, output).toBe(0);
    expect(output).toMatch(/^agatha-db: the canary of agatha-db-image:\w+ got healthy, [\d.]+ s in all$/m);
    expect({ running: await scratch.running(), everything: await everything() }).toEqual(before);
    expect(await scratch.sql("select name from budget")).toEqual(["kept"]);
  });

  it("that cannot initialise a new volume fails its canary, although it would start on the data", async () => {
    const { code, output } = await trial({ env: { POSTGRES_PASSWORD_FILE: "/nowhere" } });
    expect(code).toBe(1);
    expect(output).toMatch(/agatha-db: its canary of .* exit code 1; agatha-db-image:\w+ keeps serving/);
    expect(output).toContain('POSTGRES_PASSWORD_FILE: "/nowhere" cannot be read');
  });
});
