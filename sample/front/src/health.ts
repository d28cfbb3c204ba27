// Polls the back end's health: the banner shows outages, and the pages reload once it is back.
import { readonly, ref } from "vue";
import { ApiError, api } from "./api.ts";

/** `asking` until the first answer; `noDatabase` if the back end answers but its database does not. */
export type Health = "asking" | "up" | "noDatabase" | "down";

const WHEN_UP = 5_000;
const WHEN_DOWN = 2_000;

const state = ref<Health>("asking");
let timer: ReturnType<typeof setTimeout> | undefined;

export const health = readonly(state);

async function ask(): Promise<void> {
  clearTimeout(timer);
  try {
    await api.health();
    state.value = "up";
  } catch (error) {
    state.value = error instanceof ApiError && error.status === 503 ? "noDatabase" : "down";
  }
  clearTimeout(timer);
  timer = setTimeout(ask, state.value === "up" ? WHEN_UP : WHEN_DOWN);
}

export function watchHealth(): void {
  void ask();
}

/** Reports a failed request, so that an outage shows at once and not with the next poll. True if it was an outage. */
export function noteFailure(error: unknown): boolean {
  const outage = error instanceof ApiError && (error.status === 0 || error.status === 503);
  if (outage) void ask();
  return outage;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
