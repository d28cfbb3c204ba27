/** Databases and roles of a data directory, asked without a role: by PostgreSQL alone, which nobody else reaches. */
import { dockerError } from "../../../steps/docker.ts";
import { run } from "../../../steps/process.ts";
import { DATA } from "../../../steps/temporaryServer.ts";
import { Stop } from "../exec.ts";

export interface Names {
  databases: string[];
  /** Roles that may log in. */
  roles: string[];
  /** Those of them that may do everything. */
  superusers: string[];
}

/** Each in one line: a line is a statement. */
const QUERIES = [
  "select 'd' || datname as x from pg_database where datallowconn and not datistemplate",
  "select 'r' || rolname as x from pg_roles where rolcanlogin",
  "select 's' || rolname as x from pg_roles where rolcanlogin and rolsuper",
];

/**
 * @param folder The data directory, in the volume.
 * @throws Stop where PostgreSQL does not start on it.
 */
export async function namesIn(volume: string, image: string, folder: string): Promise<Names> {
  const single = ["postgres", "--single", "-D", `${DATA}/${folder}`, "template1"];
  const result = await run(
    "docker",
    [
      ...["run", "--rm", "--interactive", "--network", "none", "--pull", "never", "--user", "999:999"],
      ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--volume", `${volume}:${DATA}`],
      ...["--entrypoint", single[0] as string, image, ...single.slice(1)],
    ],
    `${QUERIES.join("\n")}\n`,
  );
  if (result.code !== 0) throw new Stop(await notStarted(result));
  return parseNames(result.stdout);
}

/** Reads what the server prints for each row: `1: x = "dpostgres"	(typeid = …)`. */
export function parseNames(text: string): Names {
  const values = [...text.matchAll(/^\s*(?:backend> )?\s*1: x = "(.*)"\t\(typeid/gm)].map(
    ([, value = ""]) => value,
  );
  const of = (kind: string) =>
    values
      .filter((value) => value.startsWith(kind))
      .map((value) => value.slice(1))
      .sort();
  return { databases: of("d"), roles: of("r"), superusers: of("s") };
}

async function notStarted(result: { code: number | null; stderr: string }): Promise<string> {
  const errors = result.stderr
    .split("\n")
    .filter((line) => /FATAL|PANIC|invalid value for parameter/.test(line));
  if (errors.some((line) => /lc_\w+|locale/.test(line)))
    return `adopt: this image of PostgreSQL lacks the locale that the data was made with: ${errors[0]?.trim()}. Use the image that made it (agatha:packages nixpkgs has the official one), or move by dump and restore (docs/moving-in.md).`;
  if (errors.length > 0) return `adopt: PostgreSQL does not start on the copy: ${errors.at(-1)?.trim()}`;
  return dockerError(["run"], result);
}
