// The back end as the pages see it.

declare global {
  interface Window {
    /** Set by /properties.js. */
    agatha?: { backUrl?: string };
  }
}

export interface Budget {
  id: number;
  name: string;
  amountCents: number;
  createdAt: string;
}

/** `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const TIME_LIMIT = 8_000;

/** The back end's address, without a slash at the end. */
export function backUrl(): string {
  const { protocol, hostname } = window.location;
  return (window.agatha?.backUrl || `${protocol}//${hostname}:8000`).replace(/\/+$/, "");
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(backUrl() + path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIME_LIMIT),
    });
  } catch {
    throw new ApiError(0, "The back end does not answer.");
  }
  const text = await response.text().catch(() => "");
  if (!response.ok) throw new ApiError(response.status, reasonIn(text) ?? `The back end answered ${response.status}.`);
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new ApiError(response.status, `What answers at ${backUrl()} is not the back end.`);
  }
}

function reasonIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}

export const api = {
  health: () => request<unknown>("GET", "/health"),
  version: () => request<{ version: string }>("GET", "/version"),
  budgets: () => request<Budget[]>("GET", "/api/budgets"),
  budget: (id: string) => request<Budget>("GET", `/api/budgets/${encodeURIComponent(id)}`),
  add: (name: string, amountCents: number) => request<Budget>("POST", "/api/budgets", { name, amountCents }),
  remove: (id: number) => request<void>("DELETE", `/api/budgets/${id}`),
};
