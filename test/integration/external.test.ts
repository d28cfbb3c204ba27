/** A stack whose data moves to a server outside of it, where its role is a plain one: as docs/external-database.md has it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ExternalServer } from "../support/externalServer.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";

let scratch: Scratch;
let server: ExternalServer;
let dump: string;

const script = (name: string, ...args: string[]) => {
  scratch.writeConfig();
  const where = ["--stack", scratch.stack, "--config-file", scratch.configFile];
  return execute(process.execPath, [`scripts/${name}.ts`, ...where, ...args], scratch.env);
};
async function well(name: string, ...args: string[]): Promise<string> {
  const { code, output } = await script(name, ...args);
  expect(code, output).toBe(0);
  return output;
}
const budgets = async () =>
  (await fetch(`${scratch.backUrl}/api/budgets`)).json() as Promise<{ name: string }[]>;
const names = async () => (await budgets()).map(({ name }) => name);

beforeAll(async () => {
  scratch = await Scratch.make();
  const backups = join(scratch.folder, "backups");
  mkdirSync(backups);
  scratch.config["backups"] = { to: backups };
  await scratch.upWell();
  await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
  dump = (await well("backup")).split("\n")[0] ?? "";
  const [image = ""] = await scratch.docker("inspect", "--format", "{{.Image}}", scratch.named("db"));
  server = await ExternalServer.start(`${scratch.stack}-server`, image, scratch.folder);
  await server.prepare(scratch.password);
  scratch.config["database"] = server.configuration;
});
afterAll(async () => {
  await server?.remove();
  await scratch?.remove();
});

it("is refused while the stack is up: its data would stay behind", async () => {
  const { code, output } = await scratch.preview();
  expect(code, output).not.toBe(0);
  expect(output).toContain("has its data in a volume of its own. To take the data along: npm run backup");
});

it("migrates nothing on a database without the data, and restores a backup as soon as the role may make databases", async () => {
  await runBlock(scratch, ["docs/external-database.md", "integration/external.test.ts", "leave"]);
  const { code, output } = await scratch.up();
  expect(code, output).not.toBe(0);
  expect(output).toContain(`database "budget" at ${server.host}:${server.port} has no schema history`);
  expect(output).toContain(`has data in volume ${scratch.named("db-data")}`);
  expect(await server.sql("select count(*) from pg_tables where schemaname = 'public'")).toBe("0");

  const refused = await script("restore", dump, "--yes");
  expect(refused.code, refused.output).not.toBe(0);
  expect(refused.output).toContain('role "app" lacks CREATEDB (alter role app createdb)');
  await server.sql("alter role app createdb");
  expect(await well("restore", dump, "--yes")).toContain("The stack's role is no superuser");
  await scratch.upWell();
  expect(await names()).toEqual(["kept"]);
  expect(await server.sql("select distinct tableowner from pg_tables where schemaname = 'public'")).toBe(
    "app",
  );
});

it("has TLS and a password that nothing shows, and keeps no data", async () => {
  const sessions =
    "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'app'";
  expect(await server.sql(sessions)).toBe("t");
  const all = await scratch.docker("inspect", ...(await scratch.own("container")));
  expect(all.join("\n")).not.toContain(scratch.password);
  const [mounts = ""] = await scratch.docker("inspect", "--format", "{{json .Mounts}}", scratch.named("db"));
  expect((JSON.parse(mounts) as unknown[]).length).toBe(1);
  expect((await script("status")).output).toMatch(/db +Up .*\(healthy\)/);
});

it("is looked at by previews", async () => {
  const edited = join(scratch.migrations, "V0__late.sql");
  writeFileSync(edited, "select 1;\n");
  const { code, output } = await scratch.preview();
  rmSync(edited);
  expect(code, output).not.toBe(0);
  expect(output).toContain("V0__late.sql comes before migrations that ran already");
});

it("is backed up, proved by restoring it, and restored", async () => {
  const saved = await well("backup");
  expect(saved).toContain("proved by restoring schema and rows");
  await server.sql("delete from budget");
  await well("restore", saved.split("\n")[0] ?? "", "--yes");
  expect(await names()).toEqual(["kept"]);
});

it("fails in the server's words with a wrong password; with the right one, the client and the back are replaced", async () => {
  const before = await scratch.running();
  await server.sql("alter role app password 'an:other\\pass'");
  scratch.config["databasePassword"] = "wrong";
  const { code, output } = await scratch.up();
  expect(code, output).not.toBe(0);
  expect(output).toContain('password authentication failed for user "app"');
  expect((await scratch.running())["back"]).toBe(before["back"]);
  scratch.config["databasePassword"] = "an:other\\pass";
  await scratch.upWell();
  const after = await scratch.running();
  expect(after["front"]).toBe(before["front"]);
  expect(after["back"]).not.toBe(before["back"]);
  expect(await names()).toEqual(["kept"]);
});

it("says that the server is not there, and is left alone by `down --volumes`", async () => {
  await server.stop();
  const { code, output } = await script("backup");
  expect(code, output).not.toBe(0);
  expect(output).toMatch(/could not connect to server|Connection refused/);
  await server.start();
  // The volume of before is the stack's own still.
  expect(await well("down", "--volumes", "--yes")).toContain(
    `Its database at ${server.host}:${server.port} is not touched.`,
  );
  expect(await scratch.own("volume")).toEqual([]);
  expect(await server.sql("select name from budget")).toBe("kept");
});
