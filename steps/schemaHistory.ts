/** A database's schema history beside the packaged migrations: what would run, and what does not fit. */
import { type Database, sql } from "./postgres.ts";
import { StepError } from "./process.ts";

/** A row of Flyway's history. */
export interface Applied {
  version: string | null;
  /** The file, relative to the folder of migrations. */
  script: string;
  /** `SQL`; `BASELINE`, `SCHEMA` and `DELETE` are of no file. */
  type: string;
  success: boolean;
}

export interface Comparison {
  /** Files that ran here and are not packaged. */
  absent: string[];
  /** Packaged files that have not run. */
  pending: string[];
  /** Packaged files that run whenever they changed. */
  repeatable: string[];
  /** Packaged files that Flyway leaves aside, since their names tell it nothing. */
  misnamed: string[];
}

const VERSIONED = /^V(\d+(?:[._]\d+)*)__.+\.sql$/;
const REPEATABLE = /^R__.+\.sql$/;

/** Baselines and undo scripts do not run; callbacks run beside the migrations. */
const OTHER = /^(?:[BU]\d+(?:[._]\d+)*__.+|(?:before|after)[A-Z]\w*(?:__.*)?|createSchema(?:__.*)?)\.sql$/;

/** @param packaged Paths of the packaged files, relative to their folder. */
export function compare(packaged: string[], history: Applied[]): Comparison {
  const files = packaged.filter((file) => file.endsWith(".sql"));
  const name = (file: string) => file.split("/").at(-1) ?? file;
  const version = (file: string) => VERSIONED.exec(name(file))?.[1];
  const ran = new Map<string, Applied>();
  for (const row of history) {
    if (row.type === "SQL" && row.success) ran.set(identity(row), row);
    if (row.type === "DELETE") ran.delete(identity(row));
  }
  const there = new Set(files.map((file) => identity({ version: version(file) ?? null, script: file })));
  const baseline = history.find(({ type }) => type === "BASELINE")?.version ?? undefined;
  return {
    absent: [...ran].filter(([key]) => !there.has(key)).map(([, { script }]) => script),
    pending: files.filter((file) => {
      const own = version(file);
      if (own === undefined && !REPEATABLE.test(name(file))) return false;
      if (ran.has(identity({ version: own ?? null, script: file }))) return false;
      return own === undefined || baseline === undefined || compareVersions(own, baseline) > 0;
    }),
    repeatable: files.filter((file) => REPEATABLE.test(name(file))),
    misnamed: files.filter((file) => ![VERSIONED, REPEATABLE, OTHER].some((form) => form.test(name(file)))),
  };
}

/** Flyway knows a migration by its version, and one that has none by its file. */
function identity({ version, script }: Pick<Applied, "version" | "script">): string {
  return version === null ? `R ${script.split("/").at(-1)}` : `V ${parts(version).join(".")}`;
}

/** The numbers of a version; `1.0`, `01` and `1` are one. */
function parts(version: string): bigint[] {
  const numbers = version.split(/[._]/).map((part) => (/^\d+$/.test(part) ? BigInt(part) : 0n));
  while (numbers.length > 1 && numbers.at(-1) === 0n) numbers.pop();
  return numbers;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i] ?? 0n, right[i] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** The file of a version that Flyway names: one that ran, else one that is packaged. */
export function fileOf(version: string, packaged: string[], history: Applied[]): string | undefined {
  const wanted = identity({ version, script: "" });
  const own = (file: string) => VERSIONED.exec(file.split("/").at(-1) ?? "")?.[1];
  const file = packaged.find((entry) => {
    const found = own(entry);
    return found !== undefined && identity({ version: found, script: entry }) === wanted;
  });
  return file ?? history.find((row) => row.version !== null && identity(row) === wanted)?.script;
}

/** What has to be mended before Flyway is asked at all, one sentence a file. */
export function refusals({ absent, misnamed }: Comparison): string[] {
  return [
    ...absent.map(
      (file) =>
        `${file} ran on this database and is not among the migrations. Put it back as it was; to leave it behind, restore a backup from before it (npm run restore).`,
    ),
    ...misnamed.map(
      (file) => `${file} has a name that Flyway passes over. Name it like V7__what_it_does.sql.`,
    ),
  ];
}

/** The history, in its order; empty where nothing has been migrated. */
export async function readHistory(database: Database): Promise<Applied[]> {
  if ((await sql(database, "select to_regclass('flyway_schema_history');")).length === 0) return [];
  const rows = await sql(
    database,
    "select json_build_object('version', version, 'script', script, 'type', type, 'success', success) from flyway_schema_history order by installed_rank;",
  );
  return rows.map((row) => JSON.parse(row) as Applied);
}

/** @throws StepError naming the packaged files that did not run although Flyway says that all is well. */
export function requireComplete({ absent, pending }: Comparison): void {
  const wrong = [...absent, ...pending];
  if (wrong.length === 0) return;
  throw new StepError(
    `migrations: the schema history and the migrations differ in ${wrong.join(", ")} after Flyway passed. Look at flyway_schema_history, then run up again.`,
  );
}
