/** The load of tests and bench against servers that fail in known ways: what it reports is what they did. */
import { execFileSync } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it, vi } from "vitest";
import { type LoadOptions, type LoadResult, startLoad } from "../../support/load.ts";

// Each waits for a number of requests, which a busy machine may send slowly.
vi.setConfig({ testTimeout: 60_000 });

const servers: Server[] = [];

afterAll(async () => {
  for (const server of servers.splice(0)) await close(server);
});

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** What a server does instead of its answer. @returns Whether it did. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | undefined;

interface Harsh {
  server: Server;
  url: string;
  /** Requests that arrived, the reading of all rows left out. */
  arrived: () => number;
  /** Every row that the load sent, in order. */
  sent: string[];
}

/** A server that keeps rows, as the sample does. @param keep How often it stores the row with that number. */
async function harsh(fault: Fault, keep: (number: number) => number = () => 1): Promise<Harsh> {
  const [sent, rows]: string[][] = [[], []];
  let arrived = 0;
  const server = createServer((request, response) => {
    if (request.url === "/rows" && request.method === "GET")
      return response.end(JSON.stringify(rows?.map((name) => ({ name }))));
    arrived++;
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      if (fault(request, response)) return;
      if (request.method === "GET") return response.end("well");
      const { name } = JSON.parse(body) as { name: string };
      sent?.push(name);
      for (let copies = keep(sent?.length ?? 0); copies > 0; copies--) rows?.push(name);
      response.writeHead(201).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url, arrived: () => arrived, sent: sent as string[] };
}

/** Loads a server until so many requests arrived. */
async function loaded(server: Harsh, count: number, options: Partial<LoadOptions> = {}): Promise<LoadResult> {
  const { url } = server;
  const load = await startLoad({ reads: [`${url}/a`, `${url}/b`], writes: `${url}/rows`, ...options });
  while (server.arrived() < count) await sleep(20);
  return load.stop();
}

/** A fault for each request with a number that is a multiple, and how often it happened. */
function every(step: number, fault: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const state = { count: 0, happened: 0 };
  const each: Fault = (request, response) => {
    if (++state.count % step !== 0) return false;
    state.happened++;
    fault(request, response);
    return true;
  };
  return { each, state };
}

it.concurrent("a good server has no failures, one connection for each of the load, and every row", async () => {
  const paths = new Set<string | undefined>();
  const good = await harsh((request) => {
    paths.add(`${request.method} ${request.url}`);
    return false;
  });
  const start = performance.now();
  const result = await loaded(good, 200);
  // Less on a busy machine, and not more: what is late is not made up for.
  expect(result.requests / ((performance.now() - start) / 1000)).toBeLessThan(220);
  expect(result).toMatchObject({ failed: 0, failures: [], opened: 4, missing: [], repeated: [] });
  expect([...paths].sort()).toEqual(["GET /a", "GET /b", "POST /rows"]);
  expect(result.requests).toBe(good.arrived());
  expect(result.acknowledged.sort()).toEqual(good.sent.sort());
  expect(result.acknowledged.length).toBe(Math.floor(result.requests / 2));
});

it.concurrent.each<[string, (request: IncomingMessage) => unknown]>([
  ["closes the connection", (request) => request.socket.destroy()],
  ["resets the connection", (request) => request.socket.resetAndDestroy()],
])("a server that %s in place of an answer gets no request twice", async (_, fault) => {
  const { each, state } = every(10, fault);
  const server = await harsh(each);
  const result = await loaded(server, 60);
  expect(result.failures).toMatchObject([{ kind: "ECONNRESET", count: state.happened }]);
  expect(result.failures[0]?.first).toHaveLength(3);
  expect(result.failed).toBe(state.happened);
  expect(server.arrived()).toBe(result.requests);
  expect(result.missing).toEqual([]);
  // Only what a failure closed is opened again.
  expect(result.opened).toBeLessThanOrEqual(4 + state.happened);
});

it.concurrent("an answer that ends early is a failure, and its write not acknowledged", async () => {
  const { each, state } = every(20, (_, response) => {
    response.writeHead(201, { "Content-Length": 10 }).write("half", () => response.destroy());
  });
  const result = await loaded(await harsh(each), 60, { writeShare: 1 });
  expect(result.failures).toMatchObject([{ kind: "ECONNRESET", count: state.happened }]);
  expect(result.missing).toEqual([]);
});

it.concurrent("every status but the expected one is a failure, with the answer's text", async () => {
  const { each, state } = every(50, (_, response) => response.writeHead(503).end("overloaded"));
  const result = await loaded(await harsh(each), 120);
  expect(result.failures).toMatchObject([{ kind: "status 503", count: state.happened }]);
  expect(result.failures[0]?.first[0]?.message).toMatch(/^(GET|POST) .*: overloaded$/);
  expect(Math.abs(Date.parse(result.failures[0]?.first[0]?.at ?? "") - Date.now())).toBeLessThan(60_000);

  const moved = await harsh((_, response) => Boolean(response.writeHead(302, { Location: "/" }).end()));
  const elsewhere = await loaded(moved, 8, { writeShare: 0 });
  expect(elsewhere.failures).toMatchObject([{ kind: "status 302", count: elsewhere.requests }]);
});

it.concurrent("an answer that does not come is a failure at the limit, and a gap while the others wait as well", async () => {
  let count = 0;
  // Four in a row: one on each connection.
  const server = await harsh(() => ++count > 20 && count <= 24);
  const result = await loaded(server, 60, { limitMs: 1000 });
  expect(result.failures).toMatchObject([{ kind: "time-out", count: 4 }]);
  expect(result.failures[0]?.first[0]?.message).toContain("no complete answer in 1000 ms");
  expect(result.longestGapMs).toBeGreaterThan(900);
  expect(server.arrived()).toBe(result.requests);
});

it.concurrent("a server that goes away refuses, and what is away at the stop is a gap until then", async () => {
  const staying = await harsh(() => false);
  const going = await harsh(() => false);
  const reads = [`${staying.url}/a`, `${going.url}/b`];
  const load = await startLoad({ reads });
  await close(going.server);
  await sleep(700);
  const result = await load.stop();
  expect(result.failures.map(({ kind }) => kind)).toContain("ECONNREFUSED");
  expect(result.failed).toBeGreaterThan(0);
  // The one that answers does not hide the other.
  expect(result.longestGapMs).toBeGreaterThan(600);
});

it.concurrent("rows that were acknowledged and are gone are named, and so are those that are there twice", async () => {
  const server = await harsh(
    () => false,
    (number) => (number % 7 === 0 ? 0 : number % 11 === 0 ? 2 : 1),
  );
  const result = await loaded(server, 120);
  const numbers = (step: number) => server.sent.filter((_, index) => (index + 1) % step === 0);
  expect(result.missing.length).toBeGreaterThan(2);
  expect(result.missing.sort()).toEqual(numbers(7).sort());
  expect(result.repeated.sort()).toEqual(
    numbers(11)
      .filter((name) => !numbers(7).includes(name))
      .sort(),
  );
  expect(result.failed).toBe(0);
});

it.concurrent("a connection that the server closes while nothing is asked is no failure, but is counted", async () => {
  const said = await harsh((_, response) => {
    response.setHeader("Connection", "close");
    return false;
  });
  const unsaid = await harsh((request, response) => {
    // At once: on a busy machine, a timer may come after the next request.
    response.once("finish", () => request.socket.end());
    return false;
  });
  for (const server of [said, unsaid]) {
    const result = await loaded(server, 8, { perSecond: 20 });
    expect(result.failures).toEqual([]);
    expect(result.opened).toBe(result.requests);
  }
});

it.concurrent("rows that cannot be read are an error", async () => {
  const server = await harsh(
    (request, response) => request.method === "GET" && Boolean(response.writeHead(404).end()),
  );
  const load = await startLoad({ reads: [], writes: `${server.url}/other`, writeShare: 1 });
  await expect(load.stop()).rejects.toThrow(/the load's rows cannot be read: .*other answers 404/);
});

it.concurrent("a load whose program died is an error", async () => {
  const server = await harsh(() => false);
  const load = await startLoad({ reads: [`${server.url}/only-this-load`] });
  const find = ["-P", String(process.pid), "-f", "only-this-load"];
  process.kill(Number(execFileSync("pgrep", find, { encoding: "utf8" })), "SIGKILL");
  await expect(load.stop()).rejects.toThrow("the load's program ended: SIGKILL");
});
