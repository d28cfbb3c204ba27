// Whether the back end is there, asked again and again: the banner shows it, the pages load anew when it is back.
import { readonly, ref } from "vue";
import { ApiError, api } from "./api.ts";

/** `asking` until the first answer; `noDatabase` when the back end answers that its database does not. */
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

/** Tells of a failed request, so that an outage shows at once and not with the next poll. True when it was an outage. */
export function noteFailure(error: unknown): boolean {
  const outage = error instanceof ApiError && (error.status === 0 || error.status === 503);
  if (outage) void ask();
  return outage;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
