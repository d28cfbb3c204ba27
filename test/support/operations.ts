/** What the Pulumi engine did, from its own events. */
import { readFileSync } from "node:fs";

/** Operations by resource name (`back-container`): `create`, `replace`, `update`, `delete`, `same` … */
export type Operations = Record<string, string>;

interface EngineEvent {
  resourcePreEvent?: { metadata: { op: string; urn: string } };
}

/** The operation of each resource, from the engine's own events; a replacement's parts count as one `replace`. */
export function readOperations(log: string): Operations {
  const operations: Operations = {};
  for (const entry of readFileSync(log, "utf8").split("\n").filter(Boolean)) {
    const metadata = (JSON.parse(entry) as EngineEvent).resourcePreEvent?.metadata;
    if (metadata === undefined) continue;
    const [type, name] = metadata.urn.split("::").slice(-2) as [string, string];
    if (type === "pulumi:pulumi:Stack") continue;
    const op = /replace/.test(metadata.op) ? "replace" : metadata.op;
    if (operations[name] !== "replace") operations[name] = op;
  }
  return operations;
}

/** The operations that changed something. */
export const changes = (operations: Operations): Operations =>
  Object.fromEntries(Object.entries(operations).filter(([, op]) => op !== "same" && op !== "read"));
