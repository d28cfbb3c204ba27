/** Says in a reviewer's words what a preview would change: images and why, services and how long they are away, data. */

import { settingsOf } from "../config/databaseSettings.ts";
import { asRan, compare, type Packaged } from "../database/migrations/schemaHistory.ts";
import { SERVICES } from "../images/generations.ts";
import { table } from "../table.ts";

/** A resource as `pulumi preview --json` has it. */
interface State {
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** A step of a preview. */
export interface PreviewStep {
  op: string;
  urn: string;
  oldState?: State;
  newState?: State;
  detailedDiff?: Record<string, unknown> | null;
}

/** Seconds that stopping and creating a container took beside the service's own start, where they were measured. */
const HANDOVER_SECONDS = 0.8;

/** What a preview would change, as rows of cells; how they are shown is the renderer's. */
export interface Explanation {
  stack: string;
  /** Whether `up` would do anything at all. */
  changes: boolean;
  /** Image, change, why; a further reason is a row of its own, whose first two cells are empty. */
  images: string[][];
  /** Service, change, why, how long it is away. */
  services: string[][];
  /** What of the data, change. */
  data: string[][];
}

/** Reads a preview's steps. */
export function explanation(stack: string, steps: PreviewStep[]): Explanation {
  const byName = new Map(steps.map((step) => [step.urn.split("::").at(-1) ?? "", step]));
  return {
    stack,
    changes: steps.some(({ op }) => op !== "same" && op !== "read"),
    images: SERVICES.flatMap((name) => imageRow(name, byName.get(`${name}-image-build`))),
    services: SERVICES.map((name) => {
      const row = serviceRow(name, byName.get(`${name}-container`), byName.get(`${name}-healthy`));
      // An upgrade stops both before it begins.
      const away = name === "front" ? undefined : upgradeAhead(byName.get("db-upgrade"))?.away;
      return away === undefined ? row : row.with(3, away);
    }),
    data: dataRows(byName),
  };
}

/** The summary for a terminal: tables of what changes; one line where nothing does. */
export function explain(stack: string, steps: PreviewStep[]): string {
  const { changes, images, services, data } = explanation(stack, steps);
  if (!changes) return `Nothing would change on stack ${stack}.\n`;
  return [
    table(["image", "change", "why"], images),
    table(["service", "change", "why", "away"], services),
    table(["data", "change"], data),
  ].join("\n");
}

function imageRow(name: string, step: PreviewStep | undefined): string[][] {
  if (step === undefined) return [[name, "stays", ""]];
  const [before, after] = [inputsOf(step.oldState), inputsOf(step.newState)];
  if (step.op === "same") return [[name, "stays", after["pinned"] ? "pinned" : ""]];
  if (step.op === "create") return [[name, after["pinned"] ? "is pinned" : "is built", short(after["ref"])]];
  if (step.op === "delete") return [[name, "is let go", ""]];
  const { ref: oldRef, pinned: wasPinned, ...oldInputs } = before;
  const { ref: newRef, pinned, ...newInputs } = after;
  // Of a pinned image nothing is told but that: its inputs are not in this project's files.
  const pin = pinned ? ["pinned"] : wasPinned ? ["no longer pinned"] : undefined;
  if (pin !== undefined && oldRef === newRef) return [[name, "stays", ...pin]];
  const reasons = pin ?? differences(oldInputs, newInputs);
  if (oldRef === newRef) return [[name, "is looked up again", reasons.join(", ") || "how it is asked for"]];
  const [first = "~ its recipe in nix/", ...more] = reasons;
  return [[name, `${short(oldRef)} => ${short(newRef)}`, first], ...more.map((reason) => ["", "", reason])];
}

/** The inputs that decide an image, as its build has them in its triggers. */
function inputsOf(state: State | undefined): Record<string, unknown> {
  const triggers = state?.inputs?.["triggers"];
  return Array.isArray(triggers) ? (triggers[0] as Record<string, unknown>) : {};
}

/** What differs between two maps: `~ jre 17.0.15 => 17.0.16`, `+ V21__add_goal.sql`, `- java.sql`. */
export function differences(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => difference(key, before[key], after[key]));
}

/** A text on one line, without what a terminal would act upon. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");

function difference(name: string, before: unknown, after: unknown): string[] {
  // Names of files may have blanks, which end a word below.
  const key = plain(name).replace(/\s/g, "␣");
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return listDifference(key, before, after);
  if (isMap(before) && isMap(after))
    return differences(before, after).map((entry) => entry.replace(/^([+-]) (\S+) .*/, "$1 $2"));
  if (before === undefined) return [`+ ${key} ${short(after)}`];
  if (after === undefined) return [`- ${key} ${short(before)}`];
  return [`~ ${key} ${short(before)} => ${short(after)}`];
}

function listDifference(key: string, before: unknown[], after: unknown[]): string[] {
  const gone = before.filter((entry) => !after.includes(entry)).map((entry) => `- ${plain(String(entry))}`);
  const come = after.filter((entry) => !before.includes(entry)).map((entry) => `+ ${plain(String(entry))}`);
  return gone.length + come.length > 0 ? [...gone, ...come] : [`~ ${key} in another order`];
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Digests and store hashes by their first characters, which tell them apart well enough to read. */
export function short(value: unknown): string {
  return plain(String(isMap(value) ? `${Object.keys(value).length} files` : value))
    .replace(/^(sha256:[0-9a-f]{8})[0-9a-f]+$/, "$1…")
    .replace(/^[\w-]+:([0-9a-z]{8})[0-9a-z]{24}$/, "$1…");
}

function serviceRow(name: string, step: PreviewStep | undefined, healthy: PreviewStep | undefined): string[] {
  if (step === undefined || step.op === "same") {
    return [name, stays(healthy), "", ""];
  }
  if (step.op === "create") return [name, "starts", "", ""];
  if (step.op === "delete") return [name, "ends", "", "from now on"];
  const why = containerReasons(step).join(", ");
  if (step.op === "update") return [name, "is changed as it runs", why, "not at all"];
  return [name, "is replaced", why, awayFor(healthy)];
}

/** What a container that stays is looked at again for, if at all. */
function stays(healthy: PreviewStep | undefined): string {
  if (healthy === undefined || healthy.op === "same" || healthy.op === "delete") return "stays";
  const cutOff = (state: State | undefined) => environmentOf(state)["CUT_OFF"];
  const again = cutOff(healthy.oldState) === cutOff(healthy.newState) ? "waited for" : "connected";
  return `stays, is ${again} again`;
}

/** A step's environment variables. */
const environmentOf = (state: State | undefined): Record<string, unknown> =>
  (state?.inputs?.["environment"] ?? {}) as Record<string, unknown>;

/** Properties of a container in the words of the configuration; a property with no word of its own goes by its name. */
const WORDS: Record<string, string> = {
  cpuPeriod: "limit of processors",
  cpuQuota: "limit of processors",
  envs: "environment",
  healthcheck: "health",
  image: "new image",
  init: "init process",
  labels: "its database is replaced",
  logOpts: "log rotation",
  ports: "published port",
  readOnly: "read-only root",
  restart: "restart policy",
  shmSize: "shared memory",
  tmpfs: "temporary folders",
  uploads: "files or secrets",
  volumes: "files or secrets",
};

function containerReasons(step: PreviewStep): string[] {
  const properties = Object.keys(step.detailedDiff ?? {}).map((path) => path.replace(/[.[].*/, ""));
  const shown = [...new Set(properties)].filter((property) => property !== "memorySwap");
  const words = shown.map((property) => {
    if (property === "command") return settingReasons(step);
    if (property !== "memory") return WORDS[property] ?? property;
    return `memory ${step.oldState?.inputs?.["memory"]} => ${step.newState?.inputs?.["memory"]} MB`;
  });
  return [...new Set(words)];
}

/** What changes about PostgreSQL's settings, which are arguments: `settings: ~ max_connections 100 => 200`. */
function settingReasons({ oldState, newState }: PreviewStep): string {
  const settings = (state: State | undefined) =>
    Object.fromEntries(
      settingsOf((state?.inputs?.["command"] ?? []) as string[]).map((setting) => setting.split(/=(.*)/s)),
    ) as Record<string, string>;
  const changed = differences(settings(oldState), settings(newState));
  return changed.length === 0 ? "command" : `settings: ${changed.join(", ")}`;
}

/** How long it was away when it was replaced the last time; before there was a last time, from what its start took. */
function awayFor(healthy: PreviewStep | undefined): string {
  const stdout = String(healthy?.oldState?.outputs?.["stdout"]);
  const about = (seconds: number) => `about ${seconds.toFixed(0)} s`;
  const away = /away for ([\d.]+) s/.exec(stdout)?.[1];
  if (away !== undefined) return about(Number(away));
  const took = /after ([\d.]+) s/.exec(stdout)?.[1];
  return took === undefined ? "not known yet" : about(Number(took) + HANDOVER_SECONDS);
}

/** What a step to another major version of PostgreSQL is about to do, in the program's own words. */
function upgradeAhead(step: PreviewStep | undefined): { words: string; away?: string } | undefined {
  if (step === undefined || ["same", "delete"].includes(step.op)) return undefined;
  const ahead = environmentOf(step.newState)["AHEAD"];
  if (typeof ahead !== "string") return undefined;
  const words = ahead.replace(/; seen at .*/, "");
  const away = /database away for (.*)$/.exec(words)?.[1];
  return { words, ...(away === undefined ? {} : { away }) };
}

function dataRows(byName: Map<string, PreviewStep>): string[][] {
  const op = (name: string) => byName.get(name)?.op ?? "same";
  const ahead = upgradeAhead(byName.get("db-upgrade"));
  const volume: Record<string, string> = {
    same: "stays",
    create: "is made, or found from before",
    delete: "is kept",
  };
  const other = "is kept; the database gets another one";
  const rows = [
    ["volume", ahead ? "is filled from the old one, which is kept" : (volume[op("db-data")] ?? other)],
  ];
  if (ahead !== undefined) rows.push(["version", ahead.words]);
  const migrations = byName.get("db-schema-migrations");
  if (migrations !== undefined && migrations.op !== "same" && migrations.op !== "delete") {
    const files = (state: State | undefined) => (inputsOf(state)["migrations"] ?? {}) as Packaged;
    const changed = differences(files(migrations.oldState), files(migrations.newState)).map((entry) =>
      entry.split(" ").slice(0, 2).join(" "),
    );
    const first = migrations.op === "create";
    const refused = first ? [] : refusedByUp(files(migrations.oldState), files(migrations.newState));
    const run =
      changed.length > 0 ? `${runs(changed)}: ${changed.join(", ")}` : "are checked again; none is new";
    rows.push([
      "migrations",
      first ? "run" : refused.length > 0 ? `are refused by up: ${refused.join(", ")}` : run,
    ]);
  }
  const keep = (state: State | undefined) => environmentOf(state)["KEEP"];
  const history = byName.get("history");
  if (history?.op === "update" && keep(history.oldState) !== keep(history.newState))
    rows.push(["images", `of the last ${keep(history.newState)} generations are kept`]);
  if (!["same", "create", "delete"].includes(op("back-files")))
    rows.push(["back's files", "are written anew: what it wrote itself, into gradle.properties too, goes"]);
  const password = op("db-schema-password");
  if (password === "update") rows.push(["password", "is changed"]);
  return rows;
}

/**
 * What the migration step will refuse where the database is as the last update left it. A preview that reaches the database
 * has asked it already, and would have failed.
 */
function refusedByUp(before: Packaged, after: Packaged): string[] {
  const { refused } = compare(after, asRan(before));
  return refused.map(({ file, problem }) => plain(`${file} ${problem}`));
}

/** What changes the schema is backed up before. */
const runs = (changed: string[]): string =>
  changed.some((entry) => /^\+ |^~ (.*\/)?R__/.test(entry)) ? "run, after a backup" : "run";
