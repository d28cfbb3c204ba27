/** Which container serves: a gateway has two slots for each service, so that a new container takes over from an old one. */
import { setTimeout as sleep } from "node:timers/promises";
import { inspectAll } from "../docker/client.ts";
import { stopIfInterrupted } from "../process.ts";
import type { RollingName } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import { checkOf, idleName } from "./backends.ts";
import { ask, save } from "./runtime.ts";
import { looks, parseSlots, type Slot, slots } from "./slots.ts";

/** Longest time until HAProxy finds a container by its name, or up, in milliseconds. */
const UP_MS = 10_000;

/** How often changes are made that are lost, or not taken, because the gateway was killed or restarts. */
const TRIES = 5;

/** Time between two looks, in milliseconds. */
const PAUSE_MS = 100;

/**
 * Hands a service over to a container: from one moment on it gets every new request, and the one before it finishes those that
 * it has. Can be repeated.
 *
 * @param gateway Name or id of the gateway's container.
 * @param id Of a container that is ready, in a network of the gateway.
 * @param looked The slots as they were a while ago. Default: looks now.
 * @throws UserError if it does not get up, with HAProxy's words; then the one before it serves.
 */
export async function route(
  gateway: string,
  backend: RollingName,
  id: string,
  looked = slots(gateway, backend),
): Promise<void> {
  const container = id.slice(0, 12);
  const [target, first] = await Promise.all([look(gateway, backend, container), looked]);
  let seen = first;
  for (let tries = 1; tries <= TRIES; tries++) {
    const server = serves(seen, container) && slotOf(seen, container)?.server;
    if (server) await ask(gateway, [checking(`${backend}/${server}`, target)]);
    else
      await hand(gateway, backend, target, seen).catch((error: unknown) => {
        if (tries > 1) throw error;
      });
    await save(gateway);
    // A gateway that was killed before that has the routes of before.
    seen = await slots(gateway, backend);
    if (serves(seen, container)) return until(gateway, backend, container, ({ up }) => up, seen);
  }
  throw new UserError(`gateway: it does not keep ${container} as its ${backend}. Look at its log.`);
}

const slotOf = (seen: Slot[], container: string): Slot | undefined =>
  seen.find((slot) => slot.container === container);

/** Whether new requests go to this container and to no other one. */
const serves = (seen: Slot[], container: string): boolean =>
  seen.every((slot) => (slot.state === "ready") === (slot.container === container)) &&
  slotOf(seen, container) !== undefined;

/** Waits for a container's slot to be as it should. @throws UserError after `UP_MS`, with HAProxy's words. */
async function until(
  gateway: string,
  backend: RollingName,
  container: string,
  isSo: (slot: Slot) => boolean,
  first: Slot[],
): Promise<void> {
  const start = performance.now();
  for (let seen = first; ; seen = await slots(gateway, backend)) {
    const slot = slotOf(seen, container);
    if (slot !== undefined && isSo(slot)) return;
    if (performance.now() - start > UP_MS)
      throw new UserError(
        `gateway: ${container} is not up as its ${backend} after ${UP_MS / 1000} s. HAProxy says: ${slot?.status}`,
      );
    stopIfInterrupted();
    await sleep(PAUSE_MS);
  }
}

/** Gives a slot to the container, and drains the other one in the same conversation. */
async function hand(gateway: string, backend: RollingName, target: Target, seen: Slot[]): Promise<void> {
  const { container } = target;
  const slot =
    slotOf(seen, container) ??
    seen.find((one) => one.state === "maint") ??
    seen.find((one) => one.state === "drain") ??
    seen.find((one) => !one.up) ??
    (seen[0] as Slot);
  const to = `${backend}/${slot.server}`;
  const others = seen.filter((one) => one !== slot && one.state === "ready");
  // Ready only once it has the new address: requests would go to the former one.
  const name = [`set server ${to} state maint`, `set server ${to} fqdn ${container}`];
  const isEmpty = slot.address.startsWith("-");
  if (isEmpty) {
    await ask(gateway, name);
    // HAProxy takes an address by its socket only in place of another one.
    await until(gateway, backend, container, ({ address }) => !address.startsWith("-"), seen);
  }
  const commands = [
    ...(isEmpty || slot.container === container ? [] : name),
    // Docker's DNS says the same, but is asked only now and then; it follows a container that restarts.
    `set server ${to} addr ${target.ip}${target.port === undefined ? "" : ` port ${target.port}`}`,
    `set server ${to} state ready`,
    checking(to, target),
    // The caller has seen that it is healthy.
    `set server ${to} health up`,
    ...others.map((one) => `set server ${backend}/${one.server} state drain`),
  ];
  const answers = await ask(gateway, [...commands, ...looks(backend)]);
  const after = parseSlots(backend, answers.slice(commands.length));
  const given = after.find((one) => one.server === slot.server);
  const [ip, port] = given?.address.split(/:(?=\d+$)/) ?? [];
  if (given?.up && ip === target.ip && (target.port === undefined || Number(port) === target.port)) return;
  await ask(gateway, [
    ...others.map((one) => `set server ${backend}/${one.server} state ready`),
    ...(others.length === 0 ? [] : [`set server ${to} state maint`]),
  ]);
  const said = answers.slice(0, commands.length).filter(Boolean).join(" ");
  throw new UserError(`gateway: it does not accept ${container} as its ${backend}. It says: ${said}`);
}

/** A container that is to serve. */
type Target = Awaited<ReturnType<typeof look>>;

interface Inspected {
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> | null };
  Config: {
    ExposedPorts?: Record<string, unknown> | null;
    Labels: Record<string, string> | null;
    Healthcheck?: { Test: string[] } | null;
  };
}

/** During an update that changes the port or the health path, the gateway's configuration has the former one. */
async function look(gateway: string, backend: RollingName, container: string) {
  const [ours, its] = await inspectAll<Inspected>("container", [gateway, container], "{{json .}}");
  const networks = its?.NetworkSettings.Networks ?? {};
  const ip = Object.keys(ours?.NetworkSettings.Networks ?? {})
    .map((network) => networks[network]?.IPAddress)
    .find(Boolean);
  if (ip === undefined)
    throw new UserError(`gateway: ${container} has no address in its network. Is it running?`);
  const [port] = Object.keys(its?.Config.ExposedPorts ?? {});
  const probe = its?.Config.Healthcheck?.Test.join(" ") ?? "";
  // A gateway of before has no such label.
  const asks = ours?.Config.Labels?.[`agatha.follows.${checkOf(backend)}`];
  return {
    container,
    ip,
    // If its image names none, the configuration's holds.
    port: port === undefined ? undefined : Number.parseInt(port, 10),
    // Whether the gateway asks what the container answers when it is healthy.
    isChecked: asks === undefined || probe.endsWith(` ${asks}`),
  };
}

/** Without checks a server stays up. The price: a container that restarts is not found again until the gateway is replaced. */
const checking = (server: string, { isChecked }: Target): string =>
  `${isChecked ? "enable" : "disable"} health ${server}`;

/**
 * Waits until the containers that drain have finished, `limitMs` milliseconds at most, then gives them up.
 *
 * @returns How many requests and WebSockets are cut when the container stops.
 */
export async function drained(gateway: string, backend: RollingName, limitMs: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    const draining = (await slots(gateway, backend)).filter(({ state }) => state === "drain");
    const left = draining.reduce((sum, { sessions }) => sum + sessions, 0);
    if (left === 0 || performance.now() - start >= limitMs) {
      await giveUp(gateway, backend, draining);
      // What they had is gone soon: a name that is not found would take the slot's address away.
      const idle = draining.map(({ server }) => `set server ${backend}/${server} fqdn ${idleName(backend)}`);
      if (idle.length > 0) await ask(gateway, idle);
      return left;
    }
    stopIfInterrupted();
    await sleep(PAUSE_MS);
  }
}

/** Lets no container serve any more: the gateway holds requests for some seconds, then answers 503. */
export async function hold(gateway: string, backend: RollingName): Promise<void> {
  await giveUp(gateway, backend, await slots(gateway, backend));
}

async function giveUp(gateway: string, backend: RollingName, given: Slot[]): Promise<void> {
  if (given.length === 0) return;
  await ask(
    gateway,
    given.map(({ server }) => `set server ${backend}/${server} state maint`),
  );
  await save(gateway);
}
