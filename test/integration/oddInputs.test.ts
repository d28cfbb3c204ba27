/** Names and values that a shell, SQL, Nix or Java could misread arrive unchanged, on real ones. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderProperties } from "../../components/javaProperties.ts";
import { alterRole } from "../../lib/database/postgres.ts";
import { run } from "../../lib/process.ts";
import { HOSTILE, hostile } from "../support/arbitraries.ts";
import { Scratch } from "../support/scratch.ts";

let scratch: Scratch;
/** Any shell that evaluated a name or value below would create this file. */
let marker: string;
/** A file name with all of it: no slash, at most 255 bytes. */
let odd: string;
let values: Record<string, string>;

beforeAll(async () => {
  scratch = await Scratch.make();
  marker = `agatha-marker-${basename(scratch.folder)}`;
  odd = `-a b'c"d; $(touch ${marker}) \`touch ${marker}\` & | > ${marker} \\ * ? # % \${HOME} ''\${x} é日本😀\n[x]`;
  values = Object.fromEntries(
    // The configuration refuses other names of variables.
    HOSTILE.filter((text) => text.normalize() === text).map((text, index) => [
      `ODD_${index}`,
      text.replaceAll("touch x", `touch ${marker}`),
    ]),
  );
  await scratch.docker("version");
  placeOddly();
});
afterAll(async () => {
  await scratch?.remove();
});

/** Moves the application's inputs into a folder with an odd name, adds files with odd names, and sets odd values. */
function placeOddly(): void {
  const folder = join(scratch.folder, odd);
  mkdirSync(folder);
  const [jar, migrations, dist] = [`app ${odd}.jar`, `sql ${odd}`, `dist ${odd}`].map((name) =>
    join(folder, name),
  );
  for (const [from, to] of [
    [scratch.jar, jar],
    [scratch.migrations, migrations],
    [scratch.dist, dist],
  ] as const)
    renameSync(from, to as string);
  writeFileSync(
    join(migrations as string, `V99__${odd.replaceAll("\n", "")}.sql`),
    "CREATE TABLE odd (id int);\n",
  );
  writeFileSync(join(dist as string, `${odd}.txt`), "served\n");
  writeFileSync(join(folder, `file ${odd}`), `${odd}\n`);
  scratch.back({
    jar,
    migrations,
    env: values,
    properties: { ...backProperties, ...values },
    javaOptions: ["-Dlogback.configurationFile=logback.xml", `-Dagatha.odd=${odd}`],
    files: {
      "/home/logback.xml": { file: "sample/logback.xml" },
      "/home/given.txt": { file: join(folder, `file ${odd}`) },
      [`/home/${odd}`]: { text: odd },
    },
  });
  const front = scratch.config["front"] as { files: object };
  scratch.config["front"] = { ...front, dist, files: { ...front.files, [`laid ${odd}.txt`]: { text: odd } } };
}

const backProperties = {
  serverPort: "8000",
  databaseUrl: "jdbc:postgresql://${databaseHost}:${databasePort}/${databaseName}",
  databaseUser: "${databaseUser}",
  databasePassword: "${databasePassword}",
};

/** The output of bash in the back's container, which has no other program to read files and variables. */
async function inBack(script: string, ...words: string[]): Promise<string> {
  const args = ["exec", await scratch.container("back"), "/bin/bash", "-c", script, "bash", ...words];
  const { code, stdout, stderr } = await run("docker", args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
const file = (path: string) => inBack('IFS= read -r -d "" text < "$1"; printf %s "$text"', path);

const PSQL = "psql -U postgres -d postgres -qtAX -v ON_ERROR_STOP=1";
const inDatabase = (...command: string[]) => ["exec", "-i", scratch.named("db"), ...command];

describe("a stack with odd names and values", () => {
  it("starts, and its next up changes nothing", async () => {
    await scratch.upWell();
    const { operations } = await scratch.upWell();
    expect(Object.values(operations).filter((op) => op !== "same")).toEqual([]);
    expect(await scratch.sql("select to_regclass('odd')")).toEqual(["odd"]);
  });

  it("passes every variable unchanged", async () => {
    const names = Object.keys(values);
    const found = (await inBack('for name; do printf "%s\\0" "${!name}"; done', ...names)).split("\0");
    expect(Object.fromEntries(names.map((name, index) => [name, found[index]]))).toEqual(values);
  });

  it("passes every file unchanged", async () => {
    expect(await file(`/home/${odd}`)).toBe(odd);
    expect(await file("/home/given.txt")).toBe(`${odd}\n`);
    const filled = {
      databaseHost: "agatha-db",
      databasePort: "5432",
      databaseName: "docker_agatha_db",
      databaseUser: "postgres",
      databasePassword: scratch.password,
    };
    const text = renderProperties({ ...backProperties, ...values }, filled);
    expect(await file("/home/gradle.properties")).toBe(text);
  });

  it("serves the files laid over the front, and those of dist", async () => {
    const get = async (name: string) => {
      const response = await fetch(`${scratch.frontUrl}/${encodeURIComponent(name)}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await get(`laid ${odd}.txt`)).toEqual({ status: 200, text: odd });
    expect(await get(`${odd}.txt`)).toEqual({ status: 200, text: "served\n" });
  });

  it("ran no value in a shell: no marker appears on the host or in a container", async () => {
    const places = [process.cwd(), scratch.folder, dirname(scratch.folder), process.env["HOME"] ?? "/root"];
    for (const folder of places) expect(existsSync(join(folder, marker)), folder).toBe(false);
    for (const service of ["db", "back", "front"]) {
      const changed = await scratch.docker("diff", await scratch.container(service));
      expect(changed.filter((line) => line.endsWith(`/${marker}`))).toEqual([]);
    }
  });

  it("accepts any password, and PostgreSQL requires exactly that one", async () => {
    // The configuration refuses line breaks; for PostgreSQL an empty password is none.
    const drawn = fc.sample(hostile, { numRuns: 8, seed: 5 });
    const passwords = [...HOSTILE, ...drawn, "x".repeat(900)].map(
      (text) => text.replace(/[\0\r\n]/g, "") || "p",
    );
    const input = passwords.map((password) => `${alterRole("postgres", password)}\0${password}\0`).join("");
    // By its name in the network: on 127.0.0.1 PostgreSQL asks for no password.
    const script = `while IFS= read -r -d '' sql && IFS= read -r -d '' password; do
      ${PSQL} <<< "$sql" || exit 1
      PGPASSWORD=$password ${PSQL} -h agatha-db -c "select 'in'" < /dev/null
    done
    PGPASSWORD=\${password}x ${PSQL} -h agatha-db -c "select 'in'" < /dev/null 2> /dev/null || echo refused`;
    const { code, stdout, stderr } = await run("docker", inDatabase("bash", "-c", script), { input });
    expect(code, stderr).toBe(0);
    expect(stdout.trimEnd().split("\n")).toEqual([...passwords.map(() => "in"), "refused"]);
    expect(await scratch.sql("select to_regclass('budget')")).toEqual(["budget"]);
  });

  it("accepts any role name", async () => {
    const roles = HOSTILE.map((text) => text.slice(0, 30));
    // The roles are created with PostgreSQL's own quoting.
    const create = (role: string) => `select format('CREATE ROLE %I', $agatha$${role}$agatha$)\\gexec\n`;
    const sql = roles.map((role) => `${create(role)}${alterRole(role, "p")}`).join("");
    expect(await run("docker", inDatabase("bash", "-c", PSQL), { input: sql })).toMatchObject({
      code: 0,
      stderr: "",
    });
    const count = "select count(*) from pg_authid where rolpassword is not null and rolname <> 'postgres'";
    expect(await scratch.sql(count)).toEqual([String(roles.length)]);
  });
});
