/**
 * A database's schema history beside the packaged migrations: what would run, and what Flyway would refuse. Names and
 * versions are read as Flyway does (flyway/flyway 10.20.1 and 12.11.0: ResourceNameParser, MigrationVersion, DbValidate).
 */
import { type Database, sql } from "../postgres.ts";

/** A row of Flyway's history. */
export interface Applied {
  version: string | null;
  /** The file, relative to the folder of migrations. */
  script: string;
  /** `SQL`; `SQL_BASELINE` of a `B` file; `BASELINE`, `SCHEMA` and `DELETE` are of no file. */
  type: string;
  /** By which an edited file differs from the one that ran; left out if it is not known. */
  checksum?: number | string | null | undefined;
  success: boolean;
}

/** What Flyway would refuse of a file. */
interface Refusal {
  file: string;
  problem: string;
  fix: string;
}

/** Of the packaged files, those that Flyway would refuse, and those that have not run. */
export interface Comparison {
  refused: Refusal[];
  pending: string[];
  /** Those that may run again: repeatable ones if they changed, callbacks by each run of Flyway. */
  repeatable: string[];
}

/** Selects the history, one JSON object a row, in its order. */
export const HISTORY =
  "select json_build_object('version', version, 'script', script, 'type', type, 'checksum', checksum, 'success', success) from flyway_schema_history order by installed_rank;";

/** The history, in its order; empty if nothing has been migrated. */
export async function readHistory(database: Database): Promise<Applied[]> {
  if ((await sql(database, "select to_regclass('flyway_schema_history');")).length === 0) return [];
  return (await sql(database, HISTORY)).map((row) => JSON.parse(row) as Applied);
}

/** A migration by what Flyway knows it by: `V 8`, `B 6`, `R view`. */
interface Migration {
  file: string;
  key: string;
  kind: "V" | "B" | "R";
  version: string;
  description: string;
}

const NAME = /^(?:(?<kind>[VB])(?<version>\d+(?:[._]\d+)*)|R(?=__))(?:__(?<description>.*))?\.sql$/is;

/** Undefined for callbacks and `.sql.conf` files. */
function read(file: string): Migration | undefined {
  const name = file.split("/").at(-1) ?? file;
  const groups = /^[VBR]/.test(name) ? NAME.exec(name)?.groups : undefined;
  if (groups === undefined) return undefined;
  const { kind = "R", version = "", description = "" } = groups;
  const key = kind === "R" ? `R ${description}` : `${kind} ${canonical(version)}`;
  return { file, key, kind: kind as Migration["kind"], version, description };
}

/** `1.0`, `01` and `1` are one version. */
function canonical(version: string): string {
  const numbers = version.split(/[._]/).map((part) => part.replace(/^0+(?=\d)/, ""));
  return numbers.join(".").replace(/(\.0)+$/, "");
}

const NUMERIC = new Intl.Collator("en", { numeric: true });

const compareVersions = (a: string, b: string): number => NUMERIC.compare(canonical(a), canonical(b));

const migrationsIn = (packaged: Packaged): Migration[] =>
  Object.keys(packaged).flatMap((file) => read(file) ?? []);

/** The highest version of a baseline file, which runs on an empty history alone, in the place of all up to its version. */
const baselineIn = (files: Migration[]): string | undefined =>
  highest(files.flatMap(({ kind, version }) => (kind === "B" ? version : [])));

const isAbove = (version: string, baseline: string | undefined): boolean =>
  baseline === undefined || compareVersions(version, baseline) > 0;

const highest = (versions: string[]): string | undefined => versions.toSorted(compareVersions).at(-1);

/** Checksums of packaged files by their paths, relative to their folder; null if one is not known. */
export type Packaged = Record<string, Exclude<Applied["checksum"], undefined>>;

export function compare(packaged: Packaged, history: Applied[]): Comparison {
  const files = migrationsIn(packaged);
  const ran = appliedFiles(history);
  const last = highest([...ran.values()].flatMap(({ version }) => version ?? []));
  const baseline =
    history.findLast(({ type, success }) => success && type.endsWith("BASELINE"))?.version ??
    (last === undefined ? baselineIn(files) : undefined);
  const waiting = files.filter(
    ({ key, kind, version }) => kind !== "B" && !ran.has(key) && (kind === "R" || isAbove(version, baseline)),
  );
  const late = waiting.filter(
    ({ kind, version }) => kind === "V" && last !== undefined && compareVersions(version, last) < 0,
  );
  const problem = "comes before migrations that ran already";
  return {
    refused: [
      ...absent(files, ran),
      ...files.flatMap((migration) => changed(migration, ran.get(migration.key), packaged[migration.file])),
      ...late.map(({ file }) => ({ file, problem, fix: "Give it a version higher than theirs" })),
      ...twice(Object.keys(packaged)),
    ],
    pending: waiting.map(({ file }) => file),
    repeatable: Object.keys(packaged).filter(
      (file) => /\.sql$/i.test(file) && (read(file)?.kind ?? "R") === "R",
    ),
  };
}

/** The history of a database on which all of these files ran, but for what a baseline file may have stood in for. */
export function asRan(hashes: Packaged): Applied[] {
  const files = migrationsIn(hashes);
  const baseline = baselineIn(files);
  return files
    .filter(({ kind, version }) => kind !== "V" || isAbove(version, baseline))
    .map(({ file, kind, version }) => ({
      version: kind === "R" ? null : version,
      script: file,
      type: kind === "B" ? "SQL_BASELINE" : "SQL",
      checksum: hashes[file] ?? null,
      success: true,
    }));
}

/** What of the history is of a file, by the key of that file. */
function appliedFiles(history: Applied[]): Map<string, Applied> {
  const ran = new Map<string, Applied>();
  for (const row of history) {
    const key = (kind: string) =>
      row.version === null ? (read(row.script)?.key ?? row.script) : `${kind} ${canonical(row.version)}`;
    if (row.type === "SQL" && row.success) ran.set(key("V"), row);
    if (row.type === "SQL_BASELINE" && row.success) ran.set(key("B"), row);
    if (row.type === "DELETE") for (const kind of ["V", "B"]) ran.delete(key(kind));
  }
  return ran;
}

function absent(files: Migration[], ran: Map<string, Applied>): Refusal[] {
  const there = new Set(files.map(({ key }) => key));
  const gone = [...ran].filter(([key]) => !there.has(key));
  return gone.map(([, { script }]) => ({
    file: script,
    problem: "ran on this database and is not among the migrations",
    fix: "Put it back as it was; to leave it behind, restore a backup from before it (npm run restore)",
  }));
}

/** Flyway holds versioned migrations to what ran; repeatable ones and baselines may change. */
function changed(
  { file, kind, description }: Migration,
  row: Applied | undefined,
  checksum: Applied["checksum"],
): Refusal[] {
  if (kind !== "V" || row === undefined) return [];
  const name = (text: string) => text.replaceAll("_", " ");
  if (name(read(row.script)?.description ?? description) !== name(description))
    return [{ file, problem: `was renamed after it ran as ${row.script}`, fix: "Give it back its name" }];
  if (checksum === row.checksum || checksum == null || row.checksum == null) return [];
  const fix = "Put it back as it was, and write the change as a new migration";
  return [{ file, problem: "was edited after it ran", fix }];
}

/** Of two files with one version, description or event, Flyway runs none. */
function twice(packaged: string[]): Refusal[] {
  const seen = new Map<string, string>();
  return packaged.flatMap((file) => {
    const name = file.split("/").at(-1) ?? file;
    if (/\.conf$/.test(name)) return [];
    const key = read(file)?.key ?? name.replace(/\.sql$/i, "");
    const other = seen.get(key);
    seen.set(key, file);
    return other === undefined
      ? []
      : [{ file, problem: `is to Flyway the same migration as ${other}`, fix: "Rename one of the two" }];
  });
}

/** Refusals as messages, one a file. */
export const sentences = (refused: Refusal[]): string[] =>
  refused.map(({ file, problem, fix }) => `${file} ${problem}. ${fix}.`);

/** How many names are listed one by one. */
const NAMED = 20;

/** Names of files; of many, the first and the last. */
export const named = (files: string[]): string =>
  files.length <= NAMED ? files.join(", ") : `${files[0]} to ${files.at(-1)} (${files.length} files)`;
