/** Finds out, from outside, when a new version answers. */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/userError.ts";

/** Milliseconds between two looks. */
const PAUSE = 20;

/** Longest wait, in milliseconds. */
const LIMIT = 120_000;

/** Seconds until `check` is true, from now. @throws UserError at the limit. */
export async function secondsUntil(what: string, check: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  for (;;) {
    if (await check()) return (performance.now() - start) / 1000;
    if (performance.now() - start > LIMIT)
      throw new UserError(
        `bench: ${what} did not come within ${LIMIT / 1000} s. Look at its container's log.`,
      );
    await sleep(PAUSE);
  }
}

/** Whether a URL answers 200, and with that text if one is given. */
export async function answers(url: string, text?: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000), headers: { connection: "close" } });
    const body = await answer.text();
    return answer.status === 200 && (text === undefined || body === text);
  } catch {
    return false;
  }
}

/** A running container's id, asked of the daemon itself: a docker client 50 times a second would slow what is measured. */
export function runningId(socket: string, container: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const path = `/containers/${container}/json`;
    const ask = request({ socketPath: socket, path }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on("end", () => {
        const { Id, State } = JSON.parse(text) as { Id?: string; State?: { Running: boolean } };
        resolve(State?.Running ? Id : undefined);
      });
    });
    ask.on("error", () => resolve(undefined));
    ask.end();
  });
}
