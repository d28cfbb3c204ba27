/** The program of `load.ts`: sends requests until its parent says stop, then reports. */
import { Agent, request as httpRequest } from "node:http";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Failures, LoadOrder, LoadReport } from "./load.ts";

/** Failures of one kind that are reported with their message. */
const SHOWN = 3;

/** Characters of a wrong answer that are reported. */
const QUOTED = 100;

/** Connections to each origin. Each has one request in flight at most. */
const CONNECTIONS = 4;

const order = JSON.parse(process.argv[2] as string) as LoadOrder;
const { reads, writes, writeShare, perSecond, limitMs, run } = order;

interface Ask {
  url: string;
  /** Name of the row to create; undefined for a read. */
  row?: string;
}

const failures = new Map<string, Failures>();
const latencies: number[] = [];
const acknowledged: string[] = [];
/** When each origin last gave a good answer; at first, when the load began. */
const lastGood = new Map<string, number>();
let requests = 0;
let opened = 0;
let longestGapMs = 0;
let stopped = false;

/** What request number `count` is: writes are spread evenly, the others read each URL in turn. */
function choose(count: number): Ask {
  const [before, after] = [Math.floor(count * writeShare), Math.floor((count + 1) * writeShare)];
  if (writes === undefined) return { url: reads[count % reads.length] as string };
  if (after > before) return { url: writes, row: `${run}-${before}` };
  return { url: reads[(count - before) % reads.length] as string };
}

function closeGap(origin: string, now: number): void {
  longestGapMs = Math.max(longestGapMs, now - (lastGood.get(origin) as number));
  lastGood.set(origin, now);
}

function fail(kind: string, message: string): void {
  const same = failures.get(kind) ?? { kind, count: 0, first: [] };
  failures.set(kind, same);
  same.count++;
  if (same.first.length < SHOWN) same.first.push({ at: new Date().toISOString(), message });
}

/** Sends one request, once, and notes what becomes of it. */
async function ask(agent: Agent): Promise<void> {
  const { url, row } = choose(requests++);
  const what = row === undefined ? `GET ${url}` : `POST ${url} ${row}`;
  const start = performance.now();
  try {
    const { status, text } = await send(agent, url, row);
    if (status !== (row === undefined ? 200 : 201))
      return fail(`status ${status}`, `${what}: ${text.slice(0, QUOTED)}`);
    const now = performance.now();
    latencies.push(now - start);
    closeGap(new URL(url).origin, now);
    if (row !== undefined) acknowledged.push(row);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    fail(code ?? message, `${what}: ${message}`);
  }
}

/** Resolves with a complete answer. An agent repeats nothing: it takes the connection that is open, or makes one. */
function send(agent: Agent, url: string, row?: string) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const request = httpRequest(url, { agent, method: row === undefined ? "GET" : "POST" }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode, text })).on("error", reject);
    });
    const late = Object.assign(new Error(`no complete answer in ${limitMs} ms`), { code: "time-out" });
    const timer = setTimeout(() => request.destroy(late), limitMs);
    request.on("close", () => clearTimeout(timer)).on("error", reject);
    request.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => opened++);
    });
    request.end(row === undefined ? undefined : JSON.stringify({ name: row, amountCents: 1 }));
  });
}

/** One connection to each origin, with its share of the requests. */
async function connection(number: number, begun: () => void): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let due = performance.now() + (number * 1000) / perSecond;
  while (!stopped) {
    await sleep(Math.max(0, due - performance.now()));
    // Node runs timers before it reads: what the server closed before now has to be seen (one turn), and left (another).
    await turn();
    await turn();
    await ask(agent);
    begun();
    due = Math.max(due + (CONNECTIONS * 1000) / perSecond, performance.now());
  }
  agent.destroy();
}

function report(): LoadReport {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return {
    requests,
    failed: requests - sorted.length,
    failures: [...failures.values()],
    longestGapMs,
    latencyMs: { median: at(0.5), p99: at(0.99), longest: at(1) },
    opened,
    acknowledged,
  };
}

process.on("message", () => {
  stopped = true;
  for (const origin of lastGood.keys()) closeGap(origin, performance.now());
});
// The parent has the report, or is gone.
process.on("disconnect", () => process.exit());

for (const url of writes === undefined ? reads : [...reads, writes])
  lastGood.set(new URL(url).origin, performance.now());
const loops = Array.from({ length: CONNECTIONS }, (_, number) => {
  let ended: Promise<void> = Promise.resolve();
  const begun = new Promise<void>((resolve) => {
    ended = connection(number, resolve);
  });
  return { begun, ended };
});
await Promise.all(loops.map(({ begun }) => begun));
process.send?.("begun");
await Promise.all(loops.map(({ ended }) => ended));
process.send?.(report());
