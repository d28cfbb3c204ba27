/** What is exchanged while requests go on: the database's password, a back that cannot run twice, a domain's certificate. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { siteCertificate } from "../support/certificates.ts";
import { EngineStack } from "../support/engineStack.ts";
import { type LoadResult, startLoad } from "../support/load.ts";
import { changes, execute, type Scratch } from "../support/scratch.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";

const DOMAIN = "app.test";

/** Seconds for which the gateway holds a request of a service that is away. */
const HELD = 5;

let own: EngineStack;
let scratch: Scratch;
let database = "";

beforeAll(async () => {
  own = await EngineStack.make();
  ({ scratch } = own);
  [database = ""] = await containers("db");
});
afterAll(() => own?.remove());
afterEach(() => scratch.back({ env: {} }));

/** Ids of a service's containers, whatever their state. */
const containers = (service: string): Promise<string[]> =>
  scratch.docker(
    ...["container", "ls", "--all", "--quiet", "--no-trunc", "--filter", `label=agatha.service=${service}`],
  );

/** A version that ends at once. */
const breakBack = () => scratch.back({ env: { serverPort: "none" } });

/** Runs an update, or something else, under reads and writes. */
async function underLoad<T>(run: () => Promise<T>): Promise<[T, LoadResult]> {
  const { backUrl, frontUrl } = scratch;
  const reads = [`${backUrl}/health`, `${backUrl}/api/budgets`, frontUrl];
  const load = await startLoad({ reads, writes: `${backUrl}/api/budgets`, perSecond: 60, limitMs: 15_000 });
  const done = await run().catch(async (error: unknown) => {
    await load.stop();
    throw error;
  });
  return [done, await load.stop()];
}

/** The volumes with files are those of the containers that are there. */
async function expectNothingLeft(): Promise<void> {
  for (const service of ["back", "front"]) expect(await containers(service)).toHaveLength(1);
  expect(await scratch.docker("volume", "ls", "--quiet", "--filter", "dangling=true")).toEqual([]);
}

describe("the database's password", () => {
  const passwords = [1, 2, 3].map((number) => `new'"\\ ${number}`) as [string, string, string];
  let former = "";

  const rotate = (password: string) => {
    former = scratch.password;
    scratch.config["databasePassword"] = password;
  };

  /** Whether PostgreSQL lets somebody in by the network. */
  async function lets(password: string): Promise<boolean> {
    const psql = ["psql", "-h", "agatha-db", "-U", "postgres", "-d", "postgres", "-qtAXc", "select 1"];
    const { code, output } = await execute("docker", [
      ...["exec", "--env", `PGPASSWORD=${password}`, database, ...psql],
    ]);
    if (code !== 0) expect(output).toContain("password authentication failed");
    return code === 0;
  }

  /** The back's pool has to log in again. */
  async function reconnect(): Promise<void> {
    const ended =
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'agatha-back'";
    expect(Number((await scratch.sql(ended))[0])).toBeGreaterThan(0);
    expect((await fetch(`${scratch.backUrl}/api/budgets`)).status).toBe(200);
  }

  it("changes without a failed request", async () => {
    rotate(passwords[0]);
    const [up, load] = await underLoad(() => scratch.upWell());
    expect(changes(up.operations)).toMatchObject({
      "db-schema-password": "update",
      "back-healthy": "replace",
    });
    expectUnnoticed(load);
    expect([await lets(passwords[0]), await lets(former)]).toEqual([true, false]);
    await reconnect();
    await expectNothingLeft();
  });

  it("is the former one again if the new version fails", async () => {
    rotate(passwords[1]);
    breakBack();
    const [before] = await containers("back");
    const [up, load] = await underLoad(scratch.up);
    expect(up.code).not.toBe(0);
    expect(up.output).toContain("The old one keeps serving");
    expectUnnoticed(load);
    expect([await lets(passwords[1]), await lets(former)]).toEqual([false, true]);
    expect(await containers("back")).toEqual([before]);
    await reconnect();
  });

  it("is the new one after the fix", async () => {
    const [, load] = await underLoad(() => scratch.upWell());
    expectUnnoticed(load);
    expect([await lets(passwords[1]), await lets(former)]).toEqual([true, false]);
    await reconnect();
    await expectNothingLeft();
  });

  it("stays the former one if that is set again after a failure", async () => {
    rotate(passwords[2]);
    breakBack();
    expect((await scratch.up()).code).not.toBe(0);
    scratch.config["databasePassword"] = former;
    scratch.back({ env: {} });
    const [, load] = await underLoad(() => scratch.upWell());
    expectUnnoticed(load);
    expect([await lets(former), await lets(passwords[2])]).toEqual([true, false]);
    await reconnect();
    await expectNothingLeft();
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });

  it("does not change if a migration fails", async () => {
    former = scratch.password;
    scratch.config["databasePassword"] = passwords[0];
    scratch.back({ migrations: join(scratch.folder, "failing") });
    await execute("cp", ["-r", scratch.migrations, join(scratch.folder, "failing")]);
    await execute("sh", ["-c", `echo 'select 1/0;' >${scratch.folder}/failing/V900__fails.sql`]);
    const up = await scratch.up();
    expect(up.code).not.toBe(0);
    expect(up.output).toContain("division by zero");
    expect([await lets(former), await lets(passwords[0])]).toEqual([true, false]);
    scratch.config["databasePassword"] = former;
    scratch.back({ migrations: scratch.migrations });
    await scratch.upWell();
    expect(await lets(former)).toBe(true);
  });
});

describe("a back that cannot run twice", () => {
  beforeAll(() => scratch.back({ overlap: false }));

  /** Requests fail only if it is away for longer than the gateway holds them. */
  function expectHeld(output: string, load: LoadResult): void {
    const away = Number(/agatha-back is healthy after [\d.]+ s, away for ([\d.]+) s/.exec(output)?.[1]);
    expect(away).toBeGreaterThan(0);
    console.info(`away for ${away} s: ${load.failed} of ${load.requests} requests failed`);
    if (away < HELD) expect(load.failures).toEqual([]);
    expect(load.failures.map(({ kind }) => kind).filter((kind) => kind !== "status 503")).toEqual([]);
    expect(load.missing).toEqual([]);
  }

  it("stops first; the gateway holds its requests until the new one serves", async () => {
    scratch.back({ env: { VERSION: "1" } });
    const [{ output }, load] = await underLoad(() => scratch.upWell());
    expectHeld(output, load);
    await expectNothingLeft();
  });

  it("starts again if the new one fails", async () => {
    breakBack();
    const [before] = await containers("back");
    const [up, load] = await underLoad(scratch.up);
    expect(up.code).not.toBe(0);
    expect(up.output).toContain("The old one is started again");
    expect(load.missing).toEqual([]);
    expect(await containers("back")).toEqual([before]);
    expect((await fetch(`${scratch.backUrl}/api/budgets`)).status).toBe(200);
    scratch.back({ env: {} });
    const [{ output }, next] = await underLoad(() => scratch.upWell());
    expectHeld(output, next);
    await expectNothingLeft();
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });
});

describe("a domain", () => {
  let presented = "";

  /** Asks the site. @param ca The certificate that a new connection has to present. */
  function ask(
    path: string,
    agent: Agent,
    ca = presented,
  ): Promise<{ status: number | undefined; socket: TLSSocket }> {
    const { address } = own.engine;
    const options = { agent, host: address, servername: DOMAIN, headers: { host: DOMAIN }, ca };
    return new Promise((resolve, reject) => {
      request({ ...options, path }, (answer) => {
        const socket = answer.socket as TLSSocket;
        answer.resume().on("end", () => resolve({ status: answer.statusCode, socket }));
      })
        .on("error", reject)
        .end();
    });
  }

  async function use(name: string, ...options: string[]): Promise<void> {
    const files = siteCertificate(join(scratch.folder, name), DOMAIN, ...options);
    presented = readFileSync(files.certificate, "utf8");
    const where = ["--stack", scratch.stack, "--config-file", scratch.configFile, "--non-interactive"];
    const set = ["config", "set", "--secret", ...where, "agatha:once", "--", readFileSync(files.key, "utf8")];
    const { code, output } = await execute("pulumi", set, scratch.env);
    expect(code, output).toBe(0);
    const { config } = parse(readFileSync(scratch.configFile, "utf8"));
    scratch.config["gateway"] = { domain: DOMAIN, certificate: presented, key: config["agatha:once"] };
  }

  it("is added to a stack that runs", async () => {
    scratch.back({ overlap: true });
    await use("first");
    await scratch.upWell();
    const agent = new Agent();
    expect((await ask("/", agent)).status).toBe(200);
    expect((await ask("/api/budgets", agent)).status).toBe(200);
    const { headers, status } = await fetch(`http://${own.engine.address}/`, { redirect: "manual" });
    expect([status, headers.get("location")]).toEqual([308, `https://${DOMAIN}/`]);
  });

  it("gets a renewed certificate without a restart, on connections that stay open", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const former = presented;
    const { socket } = await ask("/", agent);
    const state = await scratch.docker("ps", "--no-trunc", "--format", "{{.ID}}");
    await use("renewed");
    const { operations } = await scratch.upWell();
    expect(changes(operations)).toEqual({ "gateway-certificate": "update" });
    expect(await scratch.docker("ps", "--no-trunc", "--format", "{{.ID}}")).toEqual(state);
    expect((await ask("/", agent, former)).socket === socket).toBe(true);
    // Trusted by the new one alone.
    expect((await ask("/", new Agent())).status).toBe(200);
    agent.destroy();
  });

  it("keeps its certificate if the gateway refuses the next one, after a restart too", async () => {
    const before = presented;
    await use("short", "-newkey", "rsa:1024");
    const up = await scratch.up();
    expect(up.code).not.toBe(0);
    expect(up.output).toContain("agatha:gateway.certificate: the gateway does not take it. It says:");
    presented = before;
    expect((await ask("/", new Agent())).status).toBe(200);
    const [gateway = ""] = await containers("gateway");
    await scratch.docker("restart", gateway);
    await expect.poll(async () => (await ask("/", new Agent())).status, { timeout: 20_000 }).toBe(200);
    await use("last");
    await scratch.upWell();
    expect((await ask("/", new Agent())).status).toBe(200);
  });

  it("goes with its key when the domain does", async () => {
    scratch.config["gateway"] = {};
    await scratch.upWell();
    const [gateway = ""] = await containers("gateway");
    const copy = join(scratch.folder, "kept.pem");
    await scratch.docker("cp", `${gateway}:/var/lib/agatha/site.pem`, copy);
    expect(readFileSync(copy, "utf8")).toBe("");
  });
});
