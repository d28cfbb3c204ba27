/** What a preview would change: images and why, services and how long they are away, data. */
import { asRan, compare, type Packaged } from "../database/migrations/schemaHistory.ts";
import type { UpgradeAhead } from "../database/upgrade/ahead.ts";
import { type Difference, differences, printable, short, worded } from "../images/differences.ts";
import { decode, type Inputs, listed } from "../images/generations.ts";
import { isRolling, SERVICES, type ServiceName } from "../serviceNames.ts";
import { type Away, awayFor, inWords, isClient } from "./away.ts";
import { containerReasons } from "./reasons.ts";
import {
  changedPaths,
  environmentOf,
  inputsOf,
  isInSwarm,
  type PreviewStep,
  type State,
  type Steps,
  servingFormer,
} from "./steps.ts";

/** Seconds in which the services of a stack from before there was a gateway give it their ports, as it was measured. */
const MOVE_SECONDS = 2;

/** What a preview would change; how that is shown is the renderer's. */
export interface Changes {
  stack: string;
  /** Whether `up` would do anything at all. */
  any: boolean;
  images: ImageChange[];
  services: ServiceChange[];
  data: DataChange[];
}

export interface ImageChange {
  name: string;
  /** What happens to it, or its old and its new tag. */
  change: string | { from: string; to: string };
  why: string[];
}

export interface ServiceChange {
  name: string;
  change: string;
  why: string[];
  /** Left out for a service that stays, or that does not run yet. */
  away?: Away;
}

export interface DataChange {
  what: string;
  /** Whose data it is. */
  of: ServiceName;
  change: string;
  /** The files that it is about. */
  files?: string[];
}

/** What happens to an image, a service or the volume that does not change. */
export const STAYS = "stays";

/** Reads a preview's steps. */
export function changesOf(stack: string, steps: PreviewStep[]): Changes {
  // The removal of an old container comes last, and says nothing that its replacement does not.
  const kept = steps.filter(({ op }) => op !== "delete-replaced");
  const byName = new Map(kept.map((step) => [nameOf(step.urn), step]));
  const ahead = upgradeAhead(byName.get("db-upgrade"));
  return {
    stack,
    any: steps.some(({ op }) => op !== "same" && op !== "read"),
    images: SERVICES.map((name) => imageChange(name, byName)),
    services: SERVICES.map((name) => serviceChange(name, byName, ahead)),
    data: dataChanges(byName, ahead),
  };
}

/** A resource's name; of a container or service that has a name of its own on the host, the one that the others have. */
function nameOf(urn: string): string {
  const name = urn.split("::").at(-1) ?? "";
  const [, service] = /:(?:Container|Service)::agatha-.+-(back|front)$/.exec(urn) ?? [];
  return service === undefined ? name : `${service}-container`;
}

function imageChange(name: ServiceName, byName: Steps): ImageChange {
  const step = byName.get(`${name}-image-build`);
  const { ref: oldRef, pinned: wasPinned, ...before } = inputsOf(step?.oldState);
  const { ref, pinned, ...after } = inputsOf(step?.newState);
  // The inputs of a pinned image are not in this project's files.
  const pin = pinned ? ["pinned"] : [];
  const serving = servingFormer(byName.get(`${name}-files`));
  // The state has an image that failed. What serves is in the history, as the newest that went well.
  if (serving !== undefined && ref !== undefined) {
    if (ref === serving) return { name, change: STAYS, why: firstOf(pin, ["it serves already"]) };
    const history = decode(String(byName.get("history")?.oldState?.outputs?.["stdout"] ?? ""));
    const known = history?.inputs[serving];
    const found = known === undefined ? [] : differences(known, listed(after as Inputs)).map(worded);
    const change = { from: short(serving), to: short(ref) };
    return { name, change, why: firstOf(pin, found, ["its last update failed"]) };
  }
  if (step === undefined || step.op === "same") return { name, change: STAYS, why: pin };
  if (step.op === "create") return { name, change: pinned ? "is pinned" : "is built", why: [short(ref)] };
  if (step.op === "delete") return { name, change: "is let go", why: [] };
  const pins = firstOf(pin, wasPinned ? ["no longer pinned"] : []);
  if (oldRef === ref && pins.length > 0) return { name, change: STAYS, why: pins };
  const why = firstOf(pins, differences(before, after).map(worded));
  if (oldRef === ref)
    return { name, change: "is looked up again", why: [why.join(", ") || "how it is asked for"] };
  const change = { from: short(oldRef), to: short(ref) };
  return { name, change, why: firstOf(why, ["~ its recipe in nix/"]) };
}

/** The first list that has something. */
const firstOf = (...lists: string[][]): string[] => lists.find(({ length }) => length > 0) ?? [];

function serviceChange(name: ServiceName, byName: Steps, ahead: UpgradeAhead | undefined): ServiceChange {
  const found = containerChange(name, byName);
  // An upgrade stops both before it begins.
  if (ahead !== undefined && (name === "db" || name === "back"))
    return { ...found, away: awayForUpgrade(ahead) };
  // The back and the front of a stack from before there was a gateway stop when they give it their ports.
  const moves = byName.get("gateway-room")?.op === "create" && found.change !== "starts";
  return moves && isRolling(name) ? { ...found, away: MOVE_SECONDS } : found;
}

function containerChange(name: ServiceName, byName: Steps): ServiceChange {
  const [step, healthy] = [byName.get(`${name}-container`), byName.get(`${name}-healthy`)];
  if (step === undefined || step.op === "same") {
    if (healthy === undefined || ["same", "delete"].includes(healthy.op))
      return { name, change: STAYS, why: [] };
    const cutOff = (state: State | undefined) => environmentOf(state)["CUT_OFF"];
    const isCutOff = cutOff(healthy.oldState) !== cutOff(healthy.newState);
    return { name, change: `stays, is ${isCutOff ? "connected" : "waited for"} again`, why: [] };
  }
  if (step.op === "create") return { name, change: "starts", why: [] };
  if (step.op === "delete") return { name, change: "ends", why: [], away: "from now on" };
  const why = containerReasons(name, step, byName);
  // Of a service in a swarm, docker only starts further tasks then, or ends some.
  const keepsTasks = !(isInSwarm(step) && changedPaths(step).some((path) => path.startsWith("taskSpec")));
  if (step.op === "update" && keepsTasks)
    return { name, change: "is changed as it runs", why, away: "not at all" };
  const away = awayFor(name, byName);
  return { name, change: "is replaced", why, ...(away !== undefined && { away }) };
}

/** The upgrade to another major version of PostgreSQL that the step is about to make, if it makes one. */
function upgradeAhead(step: PreviewStep | undefined): UpgradeAhead | undefined {
  if (step === undefined || ["same", "delete"].includes(step.op)) return undefined;
  const ahead = environmentOf(step.newState)["AHEAD"];
  // Without an upgrade ahead, the step keeps the variable of the last one.
  if (typeof ahead !== "string" || ahead === environmentOf(step.oldState)["AHEAD"]) return undefined;
  return JSON.parse(ahead) as UpgradeAhead;
}

function dataChanges(byName: Steps, ahead: UpgradeAhead | undefined): DataChange[] {
  const found: DataChange[] = [];
  const add = (of: ServiceName, what: string, change: string) => found.push({ what, of, change });
  const op = (name: string) => byName.get(name)?.op ?? "same";
  if (!isClient(byName.get("db-container")))
    add("db", "volume", ahead ? "is filled from the old one, which is kept" : volumeChange(op("db-data")));
  if (ahead !== undefined) {
    const { from, to, volume, into } = ahead;
    const away = inWords(awayForUpgrade(ahead));
    const what = `PostgreSQL ${from} => ${to}, data from ${volume} (kept) into ${into}`;
    add("db", "version", `${what}, database away for ${away}`);
  }
  const migrations = migrationsChange(byName.get("db-schema-migrations"));
  if (migrations !== undefined) found.push(migrations);
  const history = byName.get("history");
  const [kept, keeps] = [history?.oldState, history?.newState].map((state) => environmentOf(state)["KEEP"]);
  if (history?.op === "update" && kept !== keeps)
    add("db", "images", `of the last ${keeps} generations are kept`);
  if (!["same", "create", "delete"].includes(op("back-files")))
    add("back", "back's files", "are written anew: what it wrote itself, into gradle.properties too, goes");
  if (isGivenAnew(byName.get("db-schema-password"))) add("db", "password", "is changed");
  const certificate = byName.get("gateway-certificate");
  if (isGivenAnew(certificate))
    add("gateway", "certificate", "is exchanged, or its key, while the gateway runs");
  if (certificate?.op === "delete") add("gateway", "certificate", "goes, and its key");
  return found;
}

/** Not where it is only set once more, after an update that failed. */
const isGivenAnew = (step: PreviewStep | undefined): boolean =>
  step?.op === "update" && changedPaths(step).some((path) => path.startsWith("stdin"));

function volumeChange(op: string): string {
  const changes: Record<string, string> = {
    same: STAYS,
    create: "is made, or found from before",
    delete: "is kept",
  };
  return changes[op] ?? "is kept; the database gets another one";
}

const awayForUpgrade = ({ awaySeconds }: UpgradeAhead): Away =>
  awaySeconds ?? "a time that depends on its size";

function migrationsChange(step: PreviewStep | undefined): DataChange | undefined {
  if (step === undefined || step.op === "same" || step.op === "delete") return undefined;
  const row = { what: "migrations", of: "back" } as const;
  const pinOf = (state: State | undefined) => environmentOf(state)["PINNED"];
  if (pinOf(step.newState) !== undefined)
    return { ...row, change: `do not run: ${pinOf(step.newState)} is set` };
  // A step that was made under a pin does not say which ran before.
  if (pinOf(step.oldState) !== undefined) return { ...row, change: "run, if they have not run yet" };
  if (step.op === "create") return { ...row, change: "run" };
  const files = (state: State | undefined) => (inputsOf(state)["migrations"] ?? {}) as Packaged;
  const [before, after] = [files(step.oldState), files(step.newState)];
  // What the step will refuse if the database is as the last update left it. A preview that reaches the database has
  // asked it already, and would have failed.
  const { refused } = compare(after, asRan(before));
  if (refused.length > 0)
    return {
      ...row,
      change: "are refused by up, unless a restore took them back",
      files: refused.map(({ file, problem }) => printable(`${file} ${problem}`)),
    };
  const changed = differences(before, after);
  if (changed.length === 0) return { ...row, change: "are checked again; none is new" };
  const change = changed.some(needsBackup) ? "run, after a backup" : "run";
  return { ...row, change, files: changed.map(({ mark, name }) => `${mark} ${name}`) };
}

/** Whether the schema is backed up before it: a file that is new, or a repeatable one that changed. */
const needsBackup = ({ mark, name }: Difference): boolean =>
  mark === "+" || (mark === "~" && /^(.*\/)?R__/.test(name));
