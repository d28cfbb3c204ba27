/** The two places that a gateway has for each service, as HAProxy sees them, and which of a service's containers serves. */
import { type ServiceContainer, serviceContainers } from "../docker/serviceContainers.ts";
import type { RollingName } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import { ask } from "./runtime.ts";

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
  const answers = await ask(gateway, [...looks("back"), ...looks("front")], limitMs);
  return { back: parseSlots("back", answers), front: parseSlots("front", answers.slice(2)) };
}

/** The commands whose answers `parseSlots` reads: 4 is for servers, -1 for all of them. */
export const looks = (backend: RollingName): string[] => [
  `show servers state ${backend}`,
  `show stat ${backend} 4 -1`,
];

/** @param answers To `looks`. */
export function parseSlots(backend: RollingName, [state = "", stat = ""]: string[]): Slot[] {
  const stats = rows(stat, ",");
  const found = rows(state.replace(/^.*\n/, ""), " ")
    .filter((row) => row["be_name"] === backend && row["srv_name"] !== "none")
    .map((row): Slot => {
      const { srv_name: server = "", srv_fqdn: container = "" } = row;
      const { status = "", ...numbers } = stats.find(({ svname }) => svname === server) ?? {};
      const flags = Number(row["srv_admin_state"]);
      return {
        server,
        container: /^[0-9a-f]{12}$/.test(container) ? container : undefined,
        address: `${row["srv_addr"]}:${row["srv_port"]}`,
        state: flags & MAINTENANCE ? "maint" : flags & DRAIN ? "drain" : "ready",
        up: /^(UP|DRAIN|no check)/.test(status),
        sessions: Number(numbers["scur"]),
        sinceSeconds: Number(row["srv_time_since_last_change"]),
        status: [status, numbers["check_status"], numbers["last_chk"]].filter(Boolean).join(" "),
      };
    });
  if (found.length === 0)
    throw new UserError(`gateway: it has no slots of ${backend}. It says: ${state || "nothing"}`);
  return found;
}

/** A table whose first line, after a `#`, names its columns. */
function rows(text: string, separator: string): Record<string, string>[] {
  const [head = "", ...lines] = text.split("\n").filter(Boolean);
  const names = head.replace(/^# /, "").split(separator);
  return lines.map((line) =>
    Object.fromEntries(line.split(separator).map((value, index) => [names[index] ?? "", value])),
  );
}

/**
 * The id of the container that the gateway sends new requests to. Without a gateway that says otherwise, the oldest one serves:
 * newer ones are from updates that failed or were killed, and in a stack of before there was a gateway it has the port.
 * @param containers The service's, newest first.
 */
export async function serving(
  stack: string,
  service: RollingName,
  containers: ServiceContainer[],
): Promise<string | undefined> {
  const oldest = containers.at(-1);
  const gateway = containers.length < 2 ? undefined : (await serviceContainers(stack, "gateway"))[0];
  if (gateway?.state !== "running") return oldest?.id;
  const ready = (await slots(gateway.id, service)).find(({ state }) => state === "ready")?.container;
  return (containers.find(({ id }) => ready !== undefined && id.startsWith(ready)) ?? oldest)?.id;
}
