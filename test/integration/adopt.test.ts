/** Moving in: what the seed's compose file runs is taken over, and stays as it was. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { which } from "../../scripts/lib/exec.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";
import { expectSentences } from "../support/words.ts";

let scratch: Scratch;
const folder = () => join(scratch.folder, "db_data");
const seed = () => scratch.container("seed");
const sourceVolume = () => scratch.container("seed-volume");
const volume = () => scratch.container("db-data");

/** `npm run adopt` on the scratch stack. */
const adopt = (...args: string[]) =>
  execute(
    process.execPath,
    ["scripts/adopt.ts", ...args, "--stack", scratch.stack, "--config-file", scratch.configFile],
    scratch.env,
  );

/** A block of docs/moving-in.md, which has to succeed. */
const documented = (name: string, words: Record<string, string> = {}): Promise<string> =>
  runBlock(scratch, ["docs/moving-in.md", "integration/adopt.test.ts", name], { words });

beforeAll(async () => {
  scratch = await Scratch.make();
  await scratch.upWell();
  await scratch.sql("insert into budget (name, amount_cents) values ('of the stack before', 1)");
  await runSeed();
});
afterAll(() => scratch?.remove());

/** The seed's service agatha-db, with what its back end and its people put into it. */
async function runSeed(): Promise<void> {
  mkdirSync(folder());
  const images = (await scratch.outputs())["images"] as Record<string, { ref: string }>;
  const label = ["--label", `agatha.stack=${scratch.stack}`];
  await scratch.docker(
    ...["run", "--detach", "--name", seed(), ...label, "--volume", `${folder()}:/var/lib/postgresql/data`],
    ...["--env", "POSTGRES_PASSWORD=agatha-db-password", "--env", "POSTGRES_USER=postgres"],
    ...["--env", "POSTGRES_DB=docker_agatha_db", images["db"]?.ref ?? ""],
  );
  await vi.waitFor(() => seedSql("select 1", "-h", "127.0.0.1"), { timeout: 60_000, interval: 200 });
  await scratch.docker(
    ...["run", "--rm", ...label, "--network", `container:${seed()}`],
    ...[
      "--env",
      "FLYWAY_URL=jdbc:postgresql://127.0.0.1:5432/docker_agatha_db",
      "--env",
      "FLYWAY_USER=postgres",
    ],
    ...[images["back"]?.ref ?? "", "/bin/agatha-back-migrate"],
  );
  await seedSql(`
    insert into budget (name, amount_cents) values ('Küche ''n'' "Bad"', 1), (E'tab\\t, line\\n, \\\\', 2);
    create table "Odd, table" ("a b" int);
    insert into "Odd, table" select generate_series(1, 1000);
    select lo_from_bytea(0, 'large')`);
}

const seedSql = (statement: string, ...more: string[]) =>
  scratch.docker(
    "exec",
    seed(),
    "psql",
    "-U",
    "postgres",
    "-d",
    "docker_agatha_db",
    "-qtAX",
    ...more,
    "-c",
    statement,
  );

/** Every file of the source, with its content. */
function sourceFiles(): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder(), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort())
    hash.update(`${path}\n`).update(readFileSync(path));
  return `${files.length} ${hash.digest("hex")}`;
}

async function refused(sentence: string, ...args: string[]): Promise<void> {
  const { code, output } = await adopt(...args);
  expect(code).toBe(1);
  expect(output).toContain(sentence);
  expectSentences(scratch, output);
}

it("is refused while the stack has its own database", async () => {
  await refused(`has a database, ${scratch.container("db")}. Take it down first`, folder());
  expect((await scratch.destroy()).code).toBe(0);
});

it("is refused while the seed's database runs", async () => {
  await refused(`is in use by container ${seed()}. Stop it first`, folder());
  await scratch.docker("stop", seed());
});

it("is refused while a container of this machine runs on the folder, though the stack's host is another", async () => {
  await scratch.docker("start", seed());
  // What asks the stack's host is told of no container; what asks without it, docker's own.
  const bin = join(scratch.folder, "elsewhere");
  mkdirSync(bin);
  const host = scratch.env["DOCKER_HOST"] ?? "";
  const script = `#!/bin/bash\nif [ "$1" = ps ] && [ "$2" = --quiet ] && [ -n "$DOCKER_HOST" ]; then exit 0; fi
    if [ -z "$DOCKER_HOST" ] && [ -n "${host}" ]; then export DOCKER_HOST=${host}; fi\nexec ${which("docker")} "$@"\n`;
  writeFileSync(join(bin, "docker"), script, { mode: 0o755 });
  const { code, output } = await execute(
    process.execPath,
    ["scripts/adopt.ts", folder(), "--stack", scratch.stack, "--config-file", scratch.configFile],
    {
      ...scratch.env,
      DOCKER_HOST: host || "unix:///var/run/docker.sock",
      PATH: `${bin}:${scratch.env["PATH"]}`,
    },
  );
  expect(code).toBe(1);
  expect(output).toContain(`is in use by container ${seed()}. Stop it first`);
  await scratch.docker("stop", seed());
});

it("is refused where there is no data, or no such source", async () => {
  await refused("holds no data of PostgreSQL (no PG_VERSION)", scratch.migrations);
  await refused('"no-such-thing" is neither a folder here nor a volume of docker', "no-such-thing");
});

it("is refused where the stack has data, which stays", async () => {
  await refused(`has data already, in volume ${volume()}`, folder());
  expect(await scratch.own("volume")).toContain(volume());
});

it("is refused where the stack has data of a newer version, which the next up would not go back from", async () => {
  const newer = `${volume()}-17`;
  await scratch.docker("volume", "create", "--label", `agatha.stack=${scratch.stack}`, newer);
  await refused(`has data of a newer PostgreSQL, in volume ${newer}.`, folder(), "--replace");
  await scratch.docker("volume", "rm", newer);
});

it("is refused where the configuration names another database, another role or another version", async () => {
  const before = sourceFiles();
  await configured({ name: "other_db", user: "somebody" });
  const { code, output } = await adopt(folder(), "--replace", "--yes");
  expect(code).toBe(1);
  expect(output).toContain('agatha:database.name: database "other_db" is not in');
  expect(output).toContain("which has docker_agatha_db, postgres.");
  expect(output).toContain('agatha:database.user: role "somebody" is not in');
  await configured({ version: 17 });
  await refused("is the data of PostgreSQL 13, and agatha:database.version is 17.", folder());
  await configured({});
  expect(sourceFiles()).toBe(before);
  // What the stack had is untouched: no part of the copy is left in its volume.
  const image = (await scratch.docker("inspect", "--format", "{{.Image}}", seed()))[0] ?? "";
  const mount = ["--volume", `${volume()}:/v`, "--user", "999:999"];
  const names = await scratch.docker("run", "--rm", ...mount, "--entrypoint", "ls", image, "-A", "/v");
  expect(names).toContain("PG_VERSION");
  expect(names.filter((name) => name.startsWith("."))).toEqual([]);
});

/** Writes other keys of the database into the stack's configuration. */
async function configured(database: object): Promise<void> {
  scratch.config["database"] = database;
  expect((await scratch.preview()).code).toBe(0);
}

it("takes over the folder: every row, the schema's history, and the source as it was", async () => {
  await documented("names");
  expect(scratch.config["database"]).toEqual({ name: "docker_agatha_db", user: "postgres", version: 13 });
  const before = sourceFiles();
  const { code, output } = await adopt(folder(), "--replace", "--yes");
  expect(code, output).toBe(0);
  expect(output).toMatch(/\d+ files, \d+\.\d MB: the copy is the same, byte for byte\./);
  expect(output).toMatch(/public\.Odd, table +1000\n/);
  expect(output).toMatch(/public\.budget +2\n/);
  expect(sourceFiles()).toBe(before);
  const up = await scratch.upWell();
  expect(up.output).toMatch(/is up to date/);
  await served();
  expect(sourceFiles()).toBe(before);
});

/** The back serves what the seed had, by the stack's own password. */
async function served(): Promise<void> {
  const budgets = (await (await fetch(`${scratch.backUrl}/api/budgets`)).json()) as { name: string }[];
  expect(budgets.map(({ name }) => name).sort()).toEqual(["Küche 'n' \"Bad\"", "tab\t, line\n, \\"]);
  expect(await scratch.sql('select count(*), sum("a b") from "Odd, table"')).toEqual(["1000\t500500"]);
  expect(await scratch.sql("select convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata")).toEqual([
    "large",
  ]);
}

it("takes over a volume, also after its server was killed", async () => {
  const image = (await scratch.docker("inspect", "--format", "{{.Image}}", seed()))[0] ?? "";
  await scratch.docker("start", seed());
  await vi.waitFor(() => seedSql('insert into "Odd, table" values (-500)', "-h", "127.0.0.1"), {
    timeout: 60_000,
    interval: 200,
  });
  await scratch.docker("kill", seed());
  const copy = ["--volume", `${folder()}:/from:ro`, "--volume", `${sourceVolume()}:/to`, "--user", "0:0"];
  await scratch.docker("volume", "create", "--label", `agatha.stack=${scratch.stack}`, sourceVolume());
  await scratch.docker("run", "--rm", ...copy, "--entrypoint", "cp", image, "-a", "/from/.", "/to/");
  expect((await scratch.destroy()).code).toBe(0);
  await scratch.docker("volume", "rm", volume());
  const output = await documented("copy", { "../deploy/db_data": sourceVolume() });
  expect(output).toMatch(/public\.Odd, table +1001\n/);
  expect(output).toContain(`${sourceVolume()} has a postmaster.pid: its server was killed, or runs where`);
  await scratch.upWell();
  expect(await scratch.sql('select count(*) from "Odd, table"')).toEqual(["1001"]);
});

it("by dump and restore brings what the seed has", async () => {
  await scratch.docker("start", seed());
  await vi.waitFor(() => seedSql('insert into "Odd, table" values (7)', "-h", "127.0.0.1"), {
    timeout: 60_000,
    interval: 200,
  });
  const dump = join(scratch.folder, "agatha.dump");
  await documented("dump and restore", {
    // Compose finds the container by the service's name, and is not on every machine.
    "docker compose exec -T agatha-db": `docker exec ${seed()}`,
    "> agatha.dump": `> ${dump}`,
    // Without a terminal, nobody can be asked.
    "restore -- agatha.dump": `restore -- ${dump} --yes`,
  });
  expect(await scratch.sql('select count(*) from "Odd, table"')).toEqual(["1002"]);
  expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
});
