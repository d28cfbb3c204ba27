/** Restores: into the same stack, into another one, and those that fail. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { which } from "../../lib/process.ts";
import { Backups, UNRESTORABLE } from "../support/backups.ts";
import { FOREIGN, loadHarshSchema, wholeDump } from "../support/harshSchema.ts";
import { type Ended, execute, Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";

let backups: Backups;
let scratch: Scratch;

beforeAll(async () => {
  backups = await Backups.make("docs/backup.md", "integration/restore.test.ts");
  scratch = backups.scratch;
});
afterAll(() => scratch?.remove());

describe("a restore", () => {
  let path: string;

  beforeAll(async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('first', 1), ('second', 2)");
    await scratch.sql("alter database docker_agatha_db set work_mem = '5MB'");
    path = await backups.take();
    await scratch.sql("delete from budget where name = 'first'; create table later (id int)");
  });

  it("asks before it overwrites, and does nothing without a terminal", async () => {
    const { code, output } = await backups.script("restore", [path]);
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(
        `Stack ${scratch.stack}: database docker_agatha_db has 4 tables, .*public\\.budget 1, .*public\\.later 0\\.`,
      ),
    );
    expect(output).toContain("there is no terminal to ask at. Nothing was changed. Add --yes.");
    expect(await backups.budgets()).toEqual(["second"]);
  });

  it("brings back exactly the dumped data, and the back serves it", async () => {
    // There is no terminal to ask at.
    const words = { "dev-20261124T232006Z-postgresql13.14.dump": `${basename(path)} --yes` };
    const output = await backups.documented("by its name", { words });
    expect(output).toMatch(
      /Restored into docker_agatha_db of stack .*: 3 tables, 10 rows, the same as in the dump, [\d.]+ s; the back was away for [\d.]+ s and is healthy\./,
    );
    expect(await backups.budgets()).toEqual(["first", "second"]);
    expect(await scratch.sql("select to_regclass('later')")).toEqual([]);
    // The identity column continues where it was.
    await scratch.sql("insert into budget (name, amount_cents) values ('third', 3)");
    expect(await scratch.sql("select count(distinct id) from budget")).toEqual(["3"]);
    // Settings of the database, which no dump has.
    expect(await scratch.sql("show work_mem")).toEqual(["5MB"]);
    expect(await backups.databases()).toEqual([]);
    expectSentences(scratch, output);
  });

  it("works into another stack with another password", async () => {
    const other = await Scratch.make();
    try {
      await other.upWell();
      await backups.documented(
        "into another stack",
        { words: { "/mnt/backups/x.dump": `${path} --yes` } },
        other,
      );
      expect(await backups.budgets(other)).toEqual(["first", "second"]);
      expect((await other.up()).code).toBe(0);
    } finally {
      await other.remove();
    }
  });
});

describe("refused, with everything left unchanged:", () => {
  let path: string;
  let before: [Record<string, string>, string[]];

  const state = async (): Promise<typeof before> => [
    await scratch.running(),
    await scratch.sql("select * from budget order by id"),
  ];

  beforeAll(async () => {
    path = await backups.take();
    before = await state();
  });
  afterEach(async () => {
    expect(await state()).toEqual(before);
    expect(await backups.databases()).toEqual([]);
  });

  /** A changed copy, with the checksum of the original or of the copy. */
  async function forged(change: (bytes: Buffer) => void, trusted: boolean): Promise<string> {
    const copy = join(scratch.folder, "forged.dump");
    const bytes = readFileSync(path);
    if (!trusted) await writeSum(copy, bytes);
    change(bytes);
    if (trusted) await writeSum(copy, bytes);
    writeFileSync(copy, bytes);
    return copy;
  }

  async function writeSum(copy: string, bytes: Buffer): Promise<void> {
    writeFileSync(copy, bytes);
    const { output } = await execute("sha256sum", [copy]);
    writeFileSync(`${copy}.sha256`, output);
  }

  async function refuse(file: string): Promise<string> {
    const { code, output } = await backups.script("restore", [file, "--yes"]);
    expect(code, output).toBe(1);
    expectSentences(scratch, output);
    return output;
  }

  it("a damaged dump", async () => {
    const damaged = await forged((bytes) => {
      bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    }, false);
    expect(await refuse(damaged)).toMatch(/forged\.dump is damaged: its checksum is [0-9a-f]{64}, and/);
  });

  it("a truncated dump whose checksum matches", async () => {
    const cut = await forged(() => {}, true);
    const bytes = readFileSync(cut);
    await writeSum(cut, bytes.subarray(0, bytes.length - 200));
    expect(await refuse(cut)).toMatch(
      /^restore: .*forged\.dump cannot be read by pg_restore: could not .*\nThe file is cut off or damaged\. Take another/m,
    );
  });

  it("a dump from a newer PostgreSQL", async () => {
    const newer = await forged((bytes) => {
      const at = bytes.indexOf("13.14");
      expect(at).toBeGreaterThan(0);
      bytes.write("99", at, "latin1");
    }, true);
    expect(await refuse(newer)).toMatch(/is from PostgreSQL 99\.14, and the stack has 13\.14/);
  });

  it("a file that is no dump, one that is not there, and none", async () => {
    expect(await refuse("README.md")).toMatch(
      /README\.md is no dump in PostgreSQL's custom format or as SQL\./,
    );
    expect(await refuse("nowhere.dump")).toContain(
      `"nowhere.dump" does not exist. Name a dump's path; the stack's backups are in ${backups.folder}.`,
    );
    expect((await backups.script("restore", ["--yes"])).output).toContain("restore: FILE is missing.");
  });
});

it("a restore that fails midway leaves the data, and the back never stops", async () => {
  await scratch.sql(UNRESTORABLE);
  // Our own backup would be refused, since it cannot be restored.
  const path = join(scratch.folder, "unrestorable.dump");
  const dump = `docker exec ${await scratch.container("db")} pg_dump -U postgres -Fc docker_agatha_db > '${path}'`;
  expect((await execute("sh", ["-c", dump])).code).toBe(0);
  await scratch.sql("insert into budget (name, amount_cents) values ('after', 1)");
  const before = [await scratch.running(), await backups.budgets()];
  const { code, output } = await backups.script("restore", [path, "--yes"]);
  expect(code).toBe(1);
  expect(output).toMatch(/pg_restore into "agatha_restoring" failed: .*violates check constraint/s);
  expect([await scratch.running(), await backups.budgets()]).toEqual(before);
  expect(await backups.databases()).toEqual([]);
  await scratch.sql("drop table aa; drop function allowed; drop table zz");
});

it("a harsh schema comes back unchanged: its whole dump, settings, owners and rights", async () => {
  await loadHarshSchema(scratch);
  const { code: saved, output: proved } = await backups.script("backup", []);
  expect(saved, proved).toBe(0);
  expect(proved).toContain("proved by restoring schema and rows\n");
  await scratch.sql(FOREIGN);
  const before = await wholeDump(scratch);
  expect(before).toContain("ALTER DATABASE docker_agatha_db SET search_path");
  const path = await backups.take();
  await scratch.sql(
    "drop schema app cascade; select lo_unlink(4711); alter database docker_agatha_db reset search_path",
  );
  const { code, output } = await backups.script("restore", [path, "--yes"]);
  expect(code, output).toBe(0);
  expect(output).not.toContain("It names roles");
  expect(await wholeDump(scratch)).toEqual(before);
});

describe("an exchange that fails", () => {
  let path: string;
  beforeAll(async () => {
    path = await backups.take();
    await scratch.sql("insert into budget (name, amount_cents) values ('since', 1)");
  });

  /** A restore with a docker on which one command fails; `$real` is the real docker. */
  function restoreWith(wrong: string): Promise<Ended> {
    const bin = join(scratch.folder, "wrong");
    mkdirSync(bin, { recursive: true });
    const text = `#!/bin/bash\nreal=${which("docker")}\n${wrong}\nexec "$real" "$@"\n`;
    writeFileSync(join(bin, "docker"), text, { mode: 0o755 });
    return backups.script("restore", [path, "--yes"], scratch.configFile, {
      PATH: `${bin}:${process.env["PATH"]}`,
    });
  }

  it("because the back cannot be stopped leaves the data unchanged, and the back serves it", async () => {
    const { code, output } = await restoreWith(
      'if [ "$1" = stop ]; then "$real" "$@"; echo "no answer" >&2; exit 1; fi',
    );
    expect(code).toBe(1);
    expect(output).toMatch(/restore: docker stop: no answer\. The database is as it was\./);
    expect(await backups.budgets()).toContain("since");
    expect(await backups.databases()).toEqual([]);
    expectSentences(scratch, output);
  });

  it("reports that the dump is live if psql went on, and no further restore drops the previous data", async () => {
    const { code, output } = await restoreWith(`
      if [ "$4" = psql ]; then
        text=$(cat)
        if [[ $text == *"rename to"* ]]; then "$real" "$@" <<< "$text"; exit 143; fi
        exec "$real" "$@" <<< "$text"
      fi`);
    expect(code).toBe(1);
    expect(output).toContain("The dump's data is live, in database docker_agatha_db.");
    expect(await backups.budgets()).not.toContain("since");
    expect(await backups.databases()).toEqual(["agatha_replaced"]);
    expectSentences(scratch, output);
    const again = await backups.script("restore", [path, "--yes"]);
    expect(again.code).toBe(1);
    expect(again.output).toContain(
      "restore: database agatha_replaced is there, the data from before an earlier",
    );
    expect(await backups.databases()).toEqual(["agatha_replaced"]);
    await backups.documented("put back", {});
    await vi.waitFor(async () => expect(await backups.budgets()).toContain("since"), 60_000);
    expect(await backups.databases()).toEqual(["agatha_restored"]);
    await scratch.sql("drop database agatha_restored");
  });
});
