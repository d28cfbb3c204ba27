/** A proof: what its server is given, and what its failure shows; with a docker that answers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { refuseUnproved, startProof } from "../../../lib/database/backup/prove.ts";
import { DONE } from "../../../lib/docker/client.ts";
import { fake } from "../../support/programs.ts";

const DATABASE = { container: "db", user: "postgres", name: "shop" };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-prove-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** What the proof's container is run with, and what it gets first. */
async function started(memory: number, far = false): Promise<{ args: string; given: string }> {
  const container = {
    Image: "image",
    HostConfig: { Memory: memory },
    Config: { Cmd: ["postgres", "-c", "app.tenant=it's", "-c", "work_mem=1GB"] },
  };
  const lines = [
    `cd '${folder}'`,
    `case "$*" in`,
    `"container inspect"*) cat container ;;`,
    ...["*'df -Pk'*) echo 'x 1 1 90000000 1% /' ;;"],
    `run*) echo "$*" > args; cat > given; echo '${DONE}' >&2 ;;`,
    `*) asked=$(cat); case $asked in *"with db as"*) ;;`,
    "*'setdatabase = 0'*) echo 'alter role all;' ;;",
    `*pg_foreign_table*) echo '${JSON.stringify({ far, bytes: 1000, first: "first", path: "public" })}' ;;`,
    ...[`*pg_file_settings*) echo '["cron.database_name", "shop"]' ;;`],
    ...["*pg_auth_members*) echo 'grant readers to viewer;' ;;"],
    `esac; echo '${DONE}' ;; esac`,
  ];
  writeFileSync(join(folder, "container"), JSON.stringify(container));
  vi.stubEnv("PATH", fake(folder, "docker", lines)["PATH"]);
  const proof = await startProof(DATABASE, "s");
  expect(proof.withRows).toBe(!far);
  await proof.rows();
  return {
    args: readFileSync(join(folder, "args"), "utf8"),
    given: readFileSync(join(folder, "given"), "utf8"),
  };
}

describe("the server of a proof", () => {
  it("has what a dump relies on: settings, memberships, the database's name", async () => {
    const { args, given } = await started(0);
    expect(given).toMatch(/^cron\.database_name = 'shop'\napp\.tenant = 'it''s'\nlisten_addresses = ''\n/);
    expect(given).toContain("max_worker_processes = 0\n");
    expect(given).not.toContain("work_mem");
    expect(given).toContain('grant readers to viewer;\nalter role all;\ndrop database if exists "shop";\n');
    expect(args).toContain("image -c");
    expect(args).toContain("bash first shop E'public'");
    expect(args).toContain("REACHES_OUT=no");
  });

  it.each([
    [0, undefined],
    [64 * 1024 * 1024, "536870912"],
    [2 ** 31, "2147483648"],
  ])("has the memory of the stack's own, %i, and 512 MB at least", async (memory, expected) => {
    const { args } = await started(memory);
    expect(/--memory (\d+)/.exec(args)?.[1]).toBe(expected);
  });

  it("gets the schema alone if a view may read another server, which nothing in there reaches", async () => {
    const { args } = await started(0, true);
    expect(args).toMatch(/--schema-only$/m);
    expect(args).toContain("REACHES_OUT=yes");
  });
});

describe("a proof that fails", () => {
  const BEGUN = "agatha: the restore begins";
  const told = (stderr: string, code = 1) =>
    refuseUnproved({ code, stdout: "", stderr, output: stderr }).catch((error: Error) => error.message);

  it("for what is in the dump says that it cannot be restored", async () => {
    expect(await told(`${BEGUN}\npsql:<stdin>:9: ERROR:  duplicate key\n`)).toBe(
      "the backup cannot be restored, so it is none: duplicate key",
    );
  });

  it.each([
    ["bash: line 9: initdb: command not found", "did not start"],
    [`initdb: error: could not create directory: No space left on device`, "did not start"],
    [`${BEGUN}\npsql:<stdin>:9: ERROR:  could not extend file "x": No space left on device`, "was ended"],
    [`${BEGUN}\npsql:<stdin>:9: server closed the connection unexpectedly`, "was ended"],
    [BEGUN, "was ended"],
  ])("for itself says that, and not that the backup is bad: %s", async (stderr, what) => {
    expect(await told(stderr, 137)).toMatch(
      new RegExp(
        `^the backup could not be proved by restoring it, so it is none: .* ${what}: .*\\. See that`,
        "s",
      ),
    );
  });

  it("is none if all was restored", async () => {
    expect(await told(`${BEGUN}\n${DONE}\n`, 0)).toBeUndefined();
  });
});
