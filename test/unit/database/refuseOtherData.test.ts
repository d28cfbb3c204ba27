/** A configuration that says something else than the data: asked of a docker that answers, or does not. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, it } from "vitest";
import { refuseOtherData } from "../../../lib/database/refuseOtherData.ts";
import type { DatabaseContainer } from "../../../lib/docker/deployedContainers.ts";
import type { DockerHost } from "../../../lib/docker/host.ts";
import { load } from "../../support/configuration.ts";

const HOST: DockerHost = {
  address: "unix:///x.sock",
  env: { DOCKER_HOST: "unix:///x.sock" },
  provider: { context: "" },
};
pulumi.runtime.setMocks(
  { newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: ({ inputs }) => inputs },
  "agatha",
  "dev",
);

const DEPLOYED: DatabaseContainer = {
  command: ["postgres", "-c", "work_mem=8MB"],
  ...{ name: "docker_agatha_db", user: "postgres", major: 13 },
};

let folder = "";
let path: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-docker-"));
  path = process.env["PATH"];
  process.env["PATH"] = `${folder}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

/** Puts a client on PATH that does as the script says, and notes what it was asked. */
function docker(script: string): void {
  writeFileSync(join(folder, "docker"), `#!/bin/sh\necho "$*" >> ${folder}/asked\n${script}\n`);
  chmodSync(join(folder, "docker"), 0o755);
  writeFileSync(join(folder, "asked"), "");
}
const asked = () => readFileSync(join(folder, "asked"), "utf8");

const look = (database: object, deployed: DatabaseContainer | null = DEPLOYED) =>
  refuseOtherData(
    load({ database: { settings: { work_mem: "8MB" }, ...database } }),
    deployed ?? undefined,
    HOST,
  );

const HAS = '{"databases":["docker_agatha_db","postgres"],"superusers":["postgres"]}';

it("nothing is asked if the container was made with the same, nor of one that is not known", async () => {
  docker("exit 1");
  await look({ memory: 1024 });
  await look({ user: "app" }, null);
  expect(asked()).toBe("");
});

it("a role and a database that the data does not have are refused, each with what it has", async () => {
  docker(`echo '${HAS}'`);
  const refused = look({ user: "app", name: "shop" });
  await expect(refused).rejects.toThrow(
    'agatha:database.name: "shop" is no database in the data of this stack',
  );
  await expect(refused).rejects.toThrow('agatha:database.user: "app" is no role with LOGIN and SUPERUSER');
  expect(asked()).toContain("exec agatha-dev-db psql -U postgres -d postgres");
});

it("those that it has are taken, and so is what no running database can be asked of", async () => {
  docker(`echo '${HAS}'`);
  await look({ name: "postgres" });
  docker('echo "Error: container is not running" >&2; exit 1');
  await look({ user: "app", settings: { foo: "1" } });
});

it("changed settings are read by the running server's own parser, if it is of the same version", async () => {
  docker(`echo '0 FATAL: unrecognized configuration parameter "foo"'`);
  await expect(look({ settings: { foo: "1" } })).rejects.toThrow(
    'agatha:database.settings.foo: "1" is refused by PostgreSQL: unrecognized configuration parameter "foo".',
  );
  expect(asked()).toContain("sh foo=1");
  docker("exit 0");
  await look({ version: 17, settings: { foo: "1" } });
  expect(asked()).toBe("");
});

it("another server, or another database there, is refused while the stack is up, whatever is on it", async () => {
  docker("exit 1");
  const external = { host: "db.example", tls: "require" };
  const client = { ...DEPLOYED, command: ["sleep", "infinity"], server: "db.example:5432" };
  const elsewhere = (given: object, deployed: DatabaseContainer = client) =>
    look({ settings: {}, ...given }, deployed);
  await elsewhere({ external });
  await expect(elsewhere({ external: { ...external, host: "other.example" } })).rejects.toThrow(
    "stack dev has its data at db.example:5432/docker_agatha_db. To take the data along: npm run backup, npm run down",
  );
  await expect(elsewhere({ external, name: "sibling" })).rejects.toThrow(
    "has its data at db.example:5432/docker_agatha_db. To take the data along",
  );
  await expect(elsewhere({})).rejects.toThrow("and the key is missing");
  await expect(elsewhere({ external }, DEPLOYED)).rejects.toThrow("in a volume of its own");
  expect(asked()).toBe("");
});

it("the way on is a command for the shell", async () => {
  docker(`echo '{"databases":["a","b"],"superusers":["root"]}'`);
  await expect(look({ name: "c", user: "app" })).rejects.toThrow(
    `agatha:database.name: "c" is no database in the data of this stack, which has a, b. Set it to one of them, or make it first: docker exec agatha-dev-db psql -U root -d postgres -c 'create database "c"'.
agatha:database.user: "app" is no role with LOGIN and SUPERUSER in the data of this stack, which has root. Set it to one of them, or make it first: docker exec agatha-dev-db psql -U root -d postgres -c 'create role "app" superuser login'.`,
  );
});
