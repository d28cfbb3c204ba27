/** The two places that a gateway has for each service, as HAProxy sees them. */
import type { RollingName } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import { ask } from "./runtime.ts";

/** One of the two places of a service, as HAProxy sees it. */
export interface Slot {
  /** `blue` or `green`. */
  server: string;
  /** The first 12 hex digits of the id of the container in it; undefined before the first. */
  container: string | undefined;
  /** Where its requests go: `172.18.0.5:8000`. */
  address: string;
  /** `ready` gets new requests, `drain` finishes those that it has, `maint` has been given up. */
  state: "ready" | "drain" | "maint";
  /** Whether it is reachable by its last health check. */
  up: boolean;
  /** Requests and WebSockets that it has now. */
  sessions: number;
  /** Time since its state or its health last changed, in seconds of HAProxy's clock, which loses some on a busy machine. */
  sinceSeconds: number;
  /** HAProxy's words: `DOWN L4CON Connection refused`. */
  status: string;
}

/** Flags of `srv_admin_state`: forced maintenance and forced drain (HAProxy, `enum srv_admin`). */
const MAINTENANCE = 0x01;
const DRAIN = 0x08;

/** The slots of a service. @throws UserError as `ask`. */
export async function slots(gateway: string, backend: RollingName): Promise<Slot[]> {
  return parseSlots(backend, await ask(gateway, looks(backend)));
}

/** The slots of both services, in one conversation. @param limitMs As for `ask`. @throws UserError as `ask`. */
export async function allSlots(gateway: string, limitMs: number): Promise<Record<RollingName, Slot[]>> {
  const [backs, fronts] = [looks("back"), looks("front")];
  const answers = await ask(gateway, [...backs, ...fronts], limitMs);
  return {
    back: parseSlots("back", answers.slice(0, backs.length)),
    front: parseSlots("front", answers.slice(backs.length)),
  };
}

/** The commands whose answers `parseSlots` reads: 4 is for servers, -1 for all of them. */
export const looks = (backend: RollingName): string[] => [
  `show servers state ${backend}`,
  `show stat ${backend} 4 -1`,
];

/** @param answers To `looks`. */
export function parseSlots(backend: RollingName, [state = "", stat = ""]: string[]): Slot[] {
  const servers = rows(state.split("\n").slice(1).join("\n"), " ");
  const stats = new Map(rows(stat, ",").map((row) => [row.get("svname"), row]));
  const found = servers
    .filter((row) => row.get("be_name") === backend && row.get("srv_name") !== "none")
    .map((row): Slot => {
      const server = row.get("srv_name") ?? "";
      const numbers = stats.get(server);
      const flags = Number(row.get("srv_admin_state"));
      const container = row.get("srv_fqdn") ?? "";
      const status = numbers?.get("status") ?? "";
      return {
        server,
        container: /^[0-9a-f]{12}$/.test(container) ? container : undefined,
        address: `${row.get("srv_addr")}:${row.get("srv_port")}`,
        state: flags & MAINTENANCE ? "maint" : flags & DRAIN ? "drain" : "ready",
        up: /^(UP|DRAIN|no check)/.test(status),
        sessions: Number(numbers?.get("scur")),
        sinceSeconds: Number(row.get("srv_time_since_last_change")),
        status: [status, numbers?.get("check_status"), numbers?.get("last_chk")].filter(Boolean).join(" "),
      };
    });
  if (found.length === 0)
    throw new UserError(`gateway: it has no slots of ${backend}. It says: ${state || "nothing"}`);
  return found;
}

/** A table whose first line, after a `#`, names its columns. */
function rows(text: string, separator: string): Map<string, string>[] {
  const [head = "", ...lines] = text.split("\n");
  const names = head.replace(/^# /, "").split(separator);
  return lines
    .filter(Boolean)
    .map((line) => new Map(line.split(separator).map((value, index) => [names[index] ?? "", value])));
}
