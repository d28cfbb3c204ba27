/** Finds out, from outside, when a new version answers. */
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
