/** What a change replaces, and what it leaves alone. Each preview shows exactly what its `up` then does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { putEntry } from "../support/jar.ts";
import { changes, execute, freePort, type Operations, Scratch } from "../support/scratch.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
  await scratch.upWell();
});
afterAll(() => scratch?.remove());

const NEW_BACK: Operations = {
  "back-image-build": "replace",
  "back-image-loaded": "replace",
  "back-files": "replace",
  "back-container": "replace",
  "back-healthy": "replace",
  history: "update",
};

/** Previews and updates; returns which resources and which containers changed. */
async function deploy(): Promise<{ operations: Operations; restarted: string[]; output: string }> {
  const before = await scratch.running();
  const preview = await scratch.preview();
  expect(preview.code, preview.output).toBe(0);
  const { operations } = await scratch.upWell();
  expect(changes(preview.operations)).toEqual(changes(operations));
  const after = await scratch.running();
  expect(await scratch.own("container")).toHaveLength(Object.keys(after).length);
  const restarted = Object.keys(after).filter((service) => after[service] !== before[service]);
  return { operations: changes(operations), restarted, output: preview.output };
}

const budgets = async () => (await fetch(`${scratch.backUrl}/api/budgets`)).status;

it("a new jar changes only the back, and runs no migration", async () => {
  await putEntry(scratch.jar, "release.txt", "2\n");
  const { operations, restarted, output } = await deploy();
  expect(operations).toEqual(NEW_BACK);
  expect(restarted).toEqual(["back"]);
  // A reviewer sees why.
  expect(output).toMatch(/~ jar\s*: "sha256:/);
  expect(output).not.toMatch(/~ migrations/);
});

it("a new migration changes the back and is applied", async () => {
  writeFileSync(
    join(scratch.migrations, "V99__create_note.sql"),
    "CREATE TABLE note (id bigint PRIMARY KEY);\n",
  );
  const { operations, restarted, output } = await deploy();
  expect(operations).toEqual({ ...NEW_BACK, "db-schema-migrations": "replace" });
  expect(restarted).toEqual(["back"]);
  expect(output).toMatch(/\+ V99__create_note\.sql\s*: "sha256:/);
  expect(await scratch.sql("select to_regclass('note')")).toEqual(["note"]);
});

it("a new dist changes only the front", async () => {
  writeFileSync(join(scratch.dist, "release.txt"), "2\n");
  const { operations, restarted } = await deploy();
  expect(operations).toEqual({
    "front-image-build": "replace",
    "front-image-loaded": "replace",
    "front-files": "replace",
    "front-container": "replace",
    "front-healthy": "replace",
    history: "update",
  });
  expect(restarted).toEqual(["front"]);
  expect(await (await fetch(`${scratch.frontUrl}/release.txt`)).text()).toBe("2\n");
});

it("a new password reaches the back without touching the database's container or its data", async () => {
  await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
  const before = scratch.password;
  scratch.config["databasePassword"] = `${before}-2 with 'quotes', \\, $HOME and ü`;
  const { operations, restarted } = await deploy();
  expect(operations).toEqual({
    "db-schema-password": "update",
    "back-files": "replace",
    "back-container": "replace",
    "back-healthy": "replace",
  });
  expect(restarted).toEqual(["back"]);
  expect(await budgets()).toBe(200);
  expect(await scratch.sql("select name from budget")).toEqual(["kept"]);
  expect(await login(before)).toMatch(/password authentication failed/);
  expect(await login(scratch.password)).toBe("1\n");
});

/** A new container of the back, from the same image. */
const RESTARTED_BACK: Operations = {
  "back-files": "replace",
  "back-container": "replace",
  "back-healthy": "replace",
};
const NEW_DATABASE: Operations = {
  ...RESTARTED_BACK,
  "db-trial": "update",
  "db-container": "replace",
  "db-healthy": "replace",
  "db-schema-password": "replace",
  "db-schema-migrations": "replace",
};

const database = (keys: object) => {
  scratch.config["database"] = { ...(scratch.config["database"] as object | undefined), ...keys };
};

it.each<[string, Record<string, unknown>, Operations]>([
  ["an option of java", { javaOptions: ["-Dagatha.test=1"] }, NEW_BACK],
  ["a file", { files: { "/home/x.txt": { text: "x" } } }, RESTARTED_BACK],
  ["a variable", { env: { X: "1" } }, RESTARTED_BACK],
  ["a health check", { health: { interval: "4s" } }, RESTARTED_BACK],
  ["a limit of processors", { cpus: 1.5 }, RESTARTED_BACK],
])("a preview of %s shows what it changes, and nothing else", async (_, keys, expected) => {
  const before = scratch.config["back"] as object;
  scratch.back(keys);
  const { operations } = await scratch.preview();
  scratch.config["back"] = before;
  expect(changes(operations)).toEqual(expected);
});

it.each<[string, () => void, Operations, string[]]>([
  [
    "several of them at once",
    () => scratch.back({ files: { "/home/x.txt": { text: "x" } }, env: { X: "1" }, cpus: 1.5 }),
    RESTARTED_BACK,
    ["back"],
  ],
  ["a memory limit", () => scratch.back({ memory: 400 }), { "back-container": "update" }, []],
  [
    "the database's memory limit, which sizes its shared memory, with a setting of PostgreSQL",
    () => database({ memory: 400, settings: { max_connections: 60 } }),
    NEW_DATABASE,
    ["db", "back"],
  ],
])("%s changes what it must, and nothing else", async (_, change, operations, restarted) => {
  change();
  expect(await deploy()).toMatchObject({ operations, restarted });
});

// The debian set pulls no image, so another digest is another PostgreSQL only with nixpkgs.
it("the digest of an image that is not pulled here makes no other image", async () => {
  database({
    image: { name: "postgres", digest: `sha256:${"0".repeat(64)}`, hash: `sha256-${"A".repeat(43)}=` },
  });
  expect(changes((await scratch.preview()).operations)).toEqual({ "db-image-build": "update" });
});

it("the database has the configured shared memory and settings", async () => {
  const df = await scratch.docker("exec", await scratch.container("db"), "df", "-m", "/dev/shm");
  expect(df.at(-1)).toMatch(/^\S+ +200 /);
  expect(await scratch.sql("show max_connections")).toEqual(["60"]);
});

it("a preview refuses a role, a database and a setting that the running database does not know", async () => {
  database({ user: "app", name: "shop", settings: { max_connections: "many", foo: 1 } });
  const { code, output } = await scratch.preview();
  expect(code).not.toBe(0);
  expect(output).toContain('agatha:database.user: "app" is no role with LOGIN and SUPERUSER in the data');
  expect(output).toContain(
    'agatha:database.name: "shop" is no database in the data of this stack, which has',
  );
  for (const [name, value] of [
    ["max_connections", "many"],
    ["foo", "1"],
  ])
    expect(output).toContain(`agatha:database.settings.${name}: "${value}" is refused by PostgreSQL: `);
  database({ user: undefined, name: undefined, settings: { max_connections: 60 } });
});

it("a database image that does not fit the data replaces nothing", async () => {
  const before = await scratch.running();
  // Like data made by another image: with an extension and a locale that this one does not have.
  await scratch.sql("create collation odd (locale = 'C'); create table odd (t text collate odd)");
  await scratch.sql(`set allow_system_table_mods = on;
    update pg_collation set collcollate = 'xx_YY.utf8' where collname = 'odd';
    insert into pg_extension values (99999, 'gone', 10, 2200, false, '1', null, null)`);
  database({ settings: { max_connections: 70 } });
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toContain(
    "the data needs extension gone, locale xx_YY.utf8, which the new image does not have.",
  );
  expect(await scratch.running()).toEqual(before);
  expect(await budgets()).toBe(200);
  await scratch.sql("set allow_system_table_mods = on; delete from pg_extension where oid = 99999");
  await scratch.sql("drop table odd; drop collation odd");
  database({ settings: { max_connections: 60 } });
});

it("a published port moves: a front that is told the back's URL follows, another one stays", async () => {
  scratch.back({ publish: { port: await freePort() } });
  expect(await deploy()).toMatchObject({ restarted: ["front", "gateway"] });
  expect(await budgets()).toBe(200);
  Object.assign(scratch.config["front"] as object, { files: { "x.txt": { text: "no address" } } });
  expect(await deploy()).toMatchObject({ restarted: ["front"] });
  scratch.back({ publish: { port: await freePort() } });
  const { operations } = await scratch.preview();
  expect(changes(operations)).toEqual({ "gateway-container": "replace", "gateway-healthy": "replace" });
});

/** A new jar, and the port from above. */
const WITHOUT_DOCKER: Operations = {
  ...NEW_BACK,
  "gateway-container": "replace",
  "gateway-healthy": "replace",
};

// The docker plugin pings its host at its start, unless it is behind ssh: the preview gives it another one, and shows that.
it.each([
  ["unix:///nowhere/docker.sock", { ...WITHOUT_DOCKER, docker: "update" }],
  ["tcp://127.0.0.1:1", { ...WITHOUT_DOCKER, docker: "update" }],
  ["ssh://none.invalid", WITHOUT_DOCKER],
])(
  "a preview needs no docker daemon: with DOCKER_HOST=%s it shows the same as with one",
  async (DOCKER_HOST, expected) => {
    await putEntry(scratch.jar, "release.txt", "3\n");
    const without = await scratch.preview({ DOCKER_HOST });
    expect(without.code, without.output).toBe(0);
    expect(changes(without.operations)).toEqual(expected);
  },
);

/** Asks for a row over the stack's network, where PostgreSQL wants the password. */
async function login(password: string): Promise<string> {
  const psql = ["psql", "-h", "agatha-db", "-U", "postgres", "-d", "docker_agatha_db", "-qtAXc", "select 1"];
  const env = { ...process.env, PGPASSWORD: password };
  return (
    await execute("docker", ["exec", "--env", "PGPASSWORD", await scratch.container("db"), ...psql], env)
  ).output;
}
