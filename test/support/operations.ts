/** What the Pulumi engine did, from its own events. */
import { readFileSync } from "node:fs";
import { lines } from "./host.ts";

/** Operations by resource name (`back-container`): `create`, `replace`, `update`, `delete`, `same` … */
export type Operations = Record<string, string>;

interface EngineEvent {
  resourcePreEvent?: { metadata: { op: string; urn: string } };
}

/**
 * The operation of each resource, from the engine's own events; a replacement's parts count as one `replace`. The containers of
 * back and front, whose names in Pulumi contain the stack's, are `back-container` and `front-container` like the others.
 */
export function readOperations(log: string, stack: string): Operations {
  const operations: Operations = {};
  for (const entry of lines(readFileSync(log, "utf8"))) {
    const metadata = (JSON.parse(entry) as EngineEvent).resourcePreEvent?.metadata;
    if (metadata === undefined) continue;
    const [type, given] = metadata.urn.split("::").slice(-2) as [string, string];
    if (type === "pulumi:pulumi:Stack") continue;
    const name = given.replace(new RegExp(`^agatha-${stack}-(back|front)$`), "$1-container");
    const op = /replace/.test(metadata.op) ? "replace" : metadata.op;
    if (operations[name] !== "replace") operations[name] = op;
  }
  return operations;
}

/** The operations that changed something. */
export const changes = (operations: Operations): Operations =>
  Object.fromEntries(Object.entries(operations).filter(([, op]) => op !== "same" && op !== "read"));
