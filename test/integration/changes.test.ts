/** What a change touches, and what it leaves alone. Each preview shows exactly what its `up` then does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { putEntry } from "../support/jar.ts";
import { changes, execute, type Operations, Scratch } from "../support/scratch.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
  await scratch.upWell();
});
afterAll(() => scratch?.remove());

const NEW_BACK: Operations = {
  "back-image-build": "replace",
  "back-image-loaded": "replace",
  "back-container": "replace",
  "back-healthy": "replace",
};

/** Previews, brings up, and gives what changed: of the resources, and of the containers. */
async function deploy(): Promise<{ operations: Operations; restarted: string[]; output: string }> {
  const before = await scratch.running();
  const preview = await scratch.preview();
  expect(preview.code, preview.output).toBe(0);
  const { operations } = await scratch.upWell();
  expect(changes(preview.operations)).toEqual(changes(operations));
  const after = await scratch.running();
  const restarted = Object.keys(after).filter((service) => after[service] !== before[service]);
  return { operations: changes(operations), restarted, output: preview.output };
}

const budgets = async () => (await fetch(`${scratch.backUrl}/api/budgets`)).status;

it("a new jar changes the back alone, and does not migrate", async () => {
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

it("a new dist changes the front alone", async () => {
  writeFileSync(join(scratch.dist, "release.txt"), "2\n");
  const { operations, restarted } = await deploy();
  expect(operations).toEqual({
    "front-image-build": "replace",
    "front-image-loaded": "replace",
    "front-container": "replace",
    "front-healthy": "replace",
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
    "back-container": "replace",
    "back-healthy": "replace",
  });
  expect(restarted).toEqual(["back"]);
  expect(await budgets()).toBe(200);
  expect(await scratch.sql("select name from budget")).toEqual(["kept"]);
  expect(await login(before)).toMatch(/password authentication failed/);
  expect(await login(scratch.password)).toBe("1\n");
});

/** Asks for a row over the stack's network, where PostgreSQL wants the password. */
async function login(password: string): Promise<string> {
  const psql = ["psql", "-h", "agatha-db", "-U", "postgres", "-d", "docker_agatha_db", "-qtAXc", "select 1"];
  const env = { ...process.env, PGPASSWORD: password };
  return (await execute("docker", ["exec", "--env", "PGPASSWORD", scratch.container("db"), ...psql], env))
    .output;
}
