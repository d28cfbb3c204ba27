/** What is asked of a database, with a docker that answers for it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { freeIn } from "../../../lib/database/freeSpace.ts";
import { alterRole, connection, sql, withoutExtensions } from "../../../lib/database/postgres.ts";
import { accepts, startServer } from "../../../lib/database/temporaryServer.ts";
import { DONE } from "../../../lib/docker/client.ts";
import { fake } from "../../support/programs.ts";

const DATABASE = { container: "db", user: "postgres", name: "d" };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-postgres-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const docker = (...lines: string[]) => vi.stubEnv("PATH", fake(folder, "docker", lines)["PATH"]);
const noted = (name: string) => readFileSync(join(folder, name), "utf8");

it("a statement of ours is ended by no timeout that is meant for the application's", async () => {
  docker(`cat > '${folder}/asked'; echo 7; echo '${DONE}'`);
  expect(await sql(DATABASE, "analyze;")).toEqual(["7"]);
  const [before, ours] = noted("asked").split("analyze;");
  expect(before).toMatch(
    /^set statement_timeout = 0; select set_config\(name, '0', false\) from pg_settings where name in \(/,
  );
  for (const name of ["statement", "lock", "idle_in_transaction_session", "transaction"])
    expect(before).toContain(`'${name}_timeout'`);
  expect(ours).toContain(DONE);
});

it("rows of extensions' tables, which a dump may have, are not compared", async () => {
  docker(`cat > /dev/null; echo '["cron", "job"]'; echo '["public", "spatial.ref"]'; echo '${DONE}'`);
  const rows = new Map([
    ["cron.job", 1],
    ["public.spatial.ref", 2],
    ["public.job", 3],
  ]);
  expect([...(await withoutExtensions(rows, DATABASE))]).toEqual([["public.job", 3]]);
});

it("a temporary server neither archives nor works on its own, whatever the stack's settings are", async () => {
  docker(`echo "$*" >> '${folder}/asked'`, "case $1 in run) echo id ;; exec) echo 1 ;; esac");
  const settings = ["archive_mode=on", "max_worker_processes=8"];
  const where = { stack: "s", image: "i", volume: "v", name: "n", user: "postgres", port: 5432 };
  expect(await startServer({ ...where, settings })).toBe("id");
  // The last one of a name counts.
  expect(noted("asked")).toMatch(
    /-c archive_mode=on -c max_worker_processes=8 -c archive_mode=off -c max_worker_processes=0\n/,
  );
  await accepts("id", "postgres", 5432);
});

it("a database's name is one, whatever is in it", () => {
  expect(connection("a=b'\\")).toBe("dbname='a=b\\'\\\\'");
});

it("room is read from the last line of df", () => {
  const head = "Filesystem 1024-blocks Used Available Capacity Mounted on";
  expect(freeIn(`${head}\n/dev/vda 100 60 40 60% /\n`)).toBe(40 * 1024);
  expect(freeIn("df: no")).toBeNaN();
});

it("quotes role and password so that neither ends its quotes", () => {
  expect(alterRole('a"b', "it's \\'; DROP TABLE x; --")).toContain(
    `ALTER ROLE "a""b" PASSWORD E'it''s \\\\''; DROP TABLE x; --';`,
  );
});

it("keeps the statement out of the server's log before it is run", () => {
  const [first, second] = alterRole("r", "p").split("\n");
  expect(first).toMatch(/SET log_statement = 'none'.*SET log_min_error_statement = 'panic'/);
  expect(second).toMatch(/^ALTER ROLE/);
});
