/** What a stack's services are right now: their containers, the gateway's routes, and the volumes. */
import { expect } from "vitest";
import { slots } from "../../lib/gateway/slots.ts";
import type { Scratch } from "./scratch.ts";

export interface Found {
  service: string;
  id: string;
  name: string;
  /** In docker's words: `running`. */
  state: string;
}

/** All containers of the stack, whatever they are for and in whatever state. */
export async function containers(scratch: Scratch): Promise<Found[]> {
  const format = '{{.Label "agatha.service"}}\t{{.ID}}\t{{.Names}}\t{{.State}}';
  const lines = await scratch.docker(
    ...["container", "ls", "--all", "--no-trunc", "--format", format],
    ...["--filter", `label=agatha.stack=${scratch.stack}`],
  );
  // By service, which is first in each line.
  return lines.sort().map((line) => {
    const [service = "", id = "", name = "", state = ""] = line.split("\t");
    return { service, id, name, state };
  });
}

/** The id of the container to which the gateway sends new requests of a service, as 12 hex digits. */
export async function routed(scratch: Scratch, service: "back" | "front"): Promise<string[]> {
  const all = await slots(scratch.named("gateway"), service);
  return all.filter(({ state }) => state === "ready").map(({ container = "" }) => container);
}

/**
 * One running container of each service and nothing else of the stack, the routes lead to them, and every volume is in use.
 *
 * @returns The containers' ids by service.
 */
export async function expectSettled(scratch: Scratch): Promise<Record<string, string>> {
  const found = await containers(scratch);
  const states = found.map(({ service, state }) => `${service} ${state}`).join(", ");
  expect(states).toBe("back running, db running, front running, gateway running");
  const ids = Object.fromEntries(found.map(({ service, id }) => [service, id]));
  for (const service of ["back", "front"] as const)
    expect(await routed(scratch, service), `the route of ${service}`).toEqual([ids[service]?.slice(0, 12)]);
  const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}';
  const mounted = await scratch.docker("inspect", "--format", format, ...Object.values(ids));
  expect((await scratch.own("volume")).sort()).toEqual(mounted.sort());
  return ids;
}
