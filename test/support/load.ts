/** Steady load on kept-alive connections, from a process of its own, so that a busy test does not slow it. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

export interface LoadOptions {
  /** URLs (plain HTTP) that are read in turn; each has to answer 200. */
  reads: string[];
  /** URL where POST creates a row and answers 201, and GET lists all, as the sample's `/api/budgets`. Default: no writes. */
  writes?: string;
  /** Writes among all requests, from 0 to 1. Default: 0.5 if there is a URL for them. */
  writeShare?: number;
  /** Requests of all connections to all origins; fewer if answers are late, since what is late is not made up for. Default: 200. */
  perSecond?: number;
  /** Longest time for one complete answer, in milliseconds. Default: 10,000. */
  limitMs?: number;
}

/** What the forked program gets. */
export type LoadOrder = Required<Omit<LoadOptions, "writes">> & {
  writes: string | undefined;
  /** Begins the names of its rows. */
  run: string;
};

/** Failed requests of one kind. */
export interface Failures {
  /** `status 503`, `time-out`, or the error's code: `ECONNRESET` (cut while in flight), `ECONNREFUSED`. */
  kind: string;
  count: number;
  /** The first three, each with the moment. */
  first: { at: string; message: string }[];
}

/** What the forked program found. */
export interface LoadReport {
  requests: number;
  failed: number;
  failures: Failures[];
  /** Longest time without a good answer from one origin, from the start to the stop. */
  longestGapMs: number;
  /** Of good answers, from the request to the answer's end. */
  latencyMs: { median: number; p99: number; longest: number };
  /** Connections that were made; more than those of the load if the server closed some. */
  opened: number;
  /** Names of the rows whose 201 arrived completely. */
  acknowledged: string[];
}

export interface LoadResult extends LoadReport {
  /** Acknowledged rows that are not there. */
  missing: string[];
  /** Rows that are there more than once: somebody between sent the request again. */
  repeated: string[];
}

const PROGRAM = join(import.meta.dirname, "loadProgram.ts");

/** A running load. */
export interface Load {
  /** Ends the load after the answers that are due, and reads the rows; again, it returns the same. @throws Error if its program died, or the rows cannot be read. */
  stop: () => Promise<LoadResult>;
}

/** Starts a load; it runs once each connection has had an answer, or a failure. Nothing is ever sent twice. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const run = `load-${randomBytes(3).toString("hex")}`;
  const defaults = { writes: undefined, writeShare: 0.5, perSecond: 200, limitMs: 10_000 };
  const order: LoadOrder = { ...defaults, ...options, run };
  const child = fork(PROGRAM, [JSON.stringify(order)], { execArgv: [] });
  await message(child);
  const report = message(child) as Promise<LoadReport>;
  // Nobody waits for it before the stop.
  report.catch(() => {});
  const end = async () => {
    if (child.connected) child.send("stop");
    const found = await report;
    child.disconnect();
    return { ...found, ...(await compare(order, found.acknowledged)) };
  };
  let ended: Promise<LoadResult> | undefined;
  return { stop: () => (ended ??= end()) };
}

/** A load of reads of both services and of writes; without a back that has an API, of reads alone. */
export const startStackLoad = (
  { backUrl, frontUrl }: { backUrl: string; frontUrl: string },
  kind: "all" | "reads" = "all",
): Promise<Load> =>
  startLoad({
    ...{ reads: [`${backUrl}/health`, `${frontUrl}/`], perSecond: 100 },
    ...(kind === "all" ? { writes: `${backUrl}/api/budgets`, writeShare: 0.3 } : {}),
  });

/** The program's next message. @throws Error if it ends instead. */
function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code, signal) => reject(new Error(`the load's program ended: ${signal ?? code}`)));
  });
}

/** Holds the rows that are there against those that were acknowledged. */
async function compare(
  { writes, run }: LoadOrder,
  acknowledged: string[],
): Promise<Pick<LoadResult, "missing" | "repeated">> {
  if (writes === undefined) return { missing: [], repeated: [] };
  const answer = await fetch(writes, { signal: AbortSignal.timeout(60_000) });
  if (!answer.ok) throw new Error(`the load's rows cannot be read: ${writes} answers ${answer.status}`);
  const names = ((await answer.json()) as { name: string }[]).map(({ name }) => name);
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names.filter((one) => one.startsWith(`${run}-`))) {
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  return { missing: acknowledged.filter((name) => !seen.has(name)), repeated: [...repeated] };
}
