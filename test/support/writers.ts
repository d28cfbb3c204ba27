/** Write load over the stack's API, with its own record of acknowledged writes. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./host.ts";

/** Longest time for one answer, in milliseconds. */
const ANSWER_LIMIT_MS = 15_000;

/** Time between a failure and the next write, in milliseconds. */
const RETRY_MS = 100;

export class Writers {
  /** Names of the budgets that the API answered 201 for. */
  readonly acknowledged: string[] = [];
  private readonly run = randomBytes(3).toString("hex");
  private written = 0;
  private stopped = false;
  private readonly loops: Promise<void>[];

  /**
   * Writers that continue through failures until they are stopped.
   *
   * @param url The back's.
   * @param load Number of writers (default 4), and each one's pause between two writes (default none).
   */
  constructor(url: string, { count = 4, pauseMs = 0 }: { count?: number; pauseMs?: number } = {}) {
    const write = async () => {
      while (!this.stopped) {
        const name = `w-${this.run}-${this.written++}`;
        const added = await add(url, name);
        if (added) this.acknowledged.push(name);
        const pause = added ? pauseMs : RETRY_MS;
        if (pause > 0) await sleep(pause);
      }
    };
    this.loops = Array.from({ length: count }, write);
  }

  /** Waits for that many more acknowledged writes. */
  async more(count: number, limitMs = 120_000): Promise<void> {
    const goal = this.acknowledged.length + count;
    const late = () =>
      `${this.acknowledged.length} of ${goal} writes were acknowledged in ${limitMs / 1000} s`;
    await until(late, () => this.acknowledged.length >= goal, limitMs, 50);
  }

  /** Stops once each writer has its answer; returns the acknowledged names. */
  async stop(): Promise<string[]> {
    this.stopped = true;
    await Promise.all(this.loops);
    return this.acknowledged;
  }
}

/** @returns Whether it was acknowledged. */
async function add(url: string, name: string): Promise<boolean> {
  try {
    const body = JSON.stringify({ name, amountCents: 1 });
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const response = await fetch(`${url}/api/budgets`, { method: "POST", body, signal });
    await response.arrayBuffer();
    return response.status === 201;
  } catch {
    return false;
  }
}
