import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { DumpText } from "../../../lib/database/dumpText.ts";
import { restoreBeside } from "../../../lib/database/restore/replaceDatabase.ts";
import { serve, swap } from "../../../lib/database/restore/restore.ts";
import { OutcomeError } from "../../../lib/process.ts";
import { fake } from "../../support/programs.ts";

const database = { container: "0123456789abcdef", user: "postgres", name: "docker_agatha_db" };

const folder = mkdtempSync(join(tmpdir(), "agatha-outcome-"));
const PATH = process.env["PATH"];
afterEach(() => {
  process.env["PATH"] = PATH;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A docker whose psql answers `agatha: done`; `lines` come before that. */
const docker = (...lines: string[]) =>
  Object.assign(
    process.env,
    fake(folder, "docker", [
      ...['case "$1" in exec) said=$(cat); echo "$said" >> "$0.log" ;; esac', ...lines],
      'case "$1" in exec) echo "agatha: done" ;; esac',
    ]),
  );

describe("a back that cannot be started", () => {
  const noStart = 'case "$1" in restart) echo "no such network" >&2; exit 1 ;; esac';
  const failure = (work: Promise<void>) =>
    work.then(
      () => new Error("none"),
      (error: Error) => error,
    );

  const replacedThere = 'case "$said" in *pg_database*) echo 1 ;; esac';

  it("after the exchange, is reported with the data that is live, where the other is, and how to drop it", async () => {
    docker(noStart, replacedThere);
    const error = await failure(serve(database, { containers: ["back"] }));
    expect(error).toBeInstanceOf(OutcomeError);
    expect(error.message).toContain(
      "restore: docker restart: no such network. The dump's data is live, in database docker_agatha_db.",
    );
    expect(error.message).toContain("kept beside it, in database agatha_replaced:");
    expect(error.message).toContain(
      '`docker exec 0123456789ab psql -U postgres -d docker_agatha_db -c "drop database agatha_replaced"`',
    );
  });

  it("on a server that may have databases of several stacks, names one of its own for what is put aside", async () => {
    docker(noStart, replacedThere);
    const names = ["shop", "budget"].map(async (name) => {
      const external = { ...database, name, server: "db.example:5432" };
      const { message } = await failure(serve(external, { containers: ["back"] }));
      return /kept beside it, in database (agatha_replaced_[0-9a-f]{8}):/.exec(message)?.[1];
    });
    const [one, other] = await Promise.all(names);
    expect(one).toBeDefined();
    expect(one).not.toBe(other);
  });

  it("after data was dropped, is not said to be kept", async () => {
    docker(noStart);
    const { message } = await failure(serve(database, { containers: ["back"] }));
    expect(message).toMatch(/The dump's data is live, in database docker_agatha_db\.$/);
  });

  it("after an exchange that failed, too", async () => {
    const noStop = 'case "$1" in stop) echo "no such container" >&2; exit 1 ;; esac';
    docker(noStart, noStop);
    const error = await failure(swap(database, { containers: ["back"] }, []));
    expect(error).toBeInstanceOf(OutcomeError);
    expect(error.message).toBe(
      "restore: docker stop: no such container. docker restart: no such network. The database is as it was.",
    );
  });

  it("if the database does not answer, the message claims nothing, and says how to look", async () => {
    docker('case "$1" in exec | stop) echo "no such container" >&2; exit 1 ;; esac');
    const { message } = await failure(swap(database, { containers: ["back"] }, []));
    expect(message).toMatch(
      /^restore: docker stop: no such container\. Which data is live could not be asked: docker exec: no such container\. Look with/,
    );
    expect(message).not.toContain("as it was");
  });
});

it("of the roles for a dump, those that a failed restore may have made are dropped, and no others", async () => {
  docker(
    'case "$said" in *"select rolname"*) echo theirs ;; esac',
    'case "$said" in *"create role"*) echo "ERROR:  interrupted" >&2; exit 1 ;; esac',
  );
  const file = { place: "x", isArchive: false, isChecked: false, read: () => expect.unreachable() };
  const text = Object.assign(new DumpText(), { roles: new Set(["theirs", "ours"]) });
  const server = {
    ...{ version: "13.14", roles: [], extensions: [], encoding: "UTF8", locale: "C" },
    ...{ superuser: true, lacking: [] },
  };
  const restored = restoreBeside(database, { file, text, server });
  await expect(restored).rejects.toThrow("interrupted");
  const log = readFileSync(join(folder, "fake-docker/docker.log"), "utf8");
  expect(log.match(/(create|drop) role .*;/g)?.map((line) => line.replaceAll('"', ""))).toEqual([
    "create role ours nologin;",
    "drop role if exists ours;",
  ]);
});
