/** Backups of a database in use, and what comes of restoring them: here, in another stack, or not at all. */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { which } from "../../scripts/lib/exec.ts";
import { readDump } from "../../steps/backup/dump.ts";
import { type Ended, execute, Scratch } from "../support/scratch.ts";
import { runBlock, type ScratchPageOptions } from "../support/scratchPage.ts";
import { SshServer } from "../support/sshServer.ts";
import { expectSentences } from "../support/words.ts";

let scratch: Scratch;
/** The folder that its backups go to by configuration. */
let folder: string;

beforeAll(async () => {
  scratch = await Scratch.make();
  folder = join(scratch.folder, "backups");
  mkdirSync(folder);
  scratch.config["backups"] = { to: folder };
  await scratch.upWell();
});
afterAll(() => scratch?.remove());

/** `npm run backup` or `npm run restore`. */
const script = (
  name: string,
  args: string[],
  of = scratch,
  config = of.configFile,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> =>
  execute(process.execPath, [`scripts/${name}.ts`, "--stack", of.stack, "--config-file", config, ...args], {
    ...of.env,
    ...env,
  });

/** A block of docs/backup.md, which has to succeed. */
const documented = (name: string, options: ScratchPageOptions, of = scratch): Promise<string> =>
  runBlock(of, ["docs/backup.md", "integration/backup.test.ts", name], options);

/** A backup that has to succeed; gives its path. */
async function backup(): Promise<string> {
  const { code, output } = await script("backup", []);
  expect(code, output).toBe(0);
  return output.split("\n")[0] ?? "";
}

const dumps = () => readdirSync(folder).filter((name) => name.endsWith(".dump"));
const rowsOf = async (path: string) => (await readDump(scratch.container("db"), createReadStream(path))).rows;
const databases = () => scratch.sql("select datname from pg_database where datname ~ '^agatha_'");

const budgets = async (of = scratch) =>
  ((await (await fetch(`${of.backUrl}/api/budgets`)).json()) as { name: string }[])
    .map(({ name }) => name)
    .sort();

describe("a backup", () => {
  it("says where it is and what is in it; it and its checksum are its owner's alone", async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('first', 1), ('second', 2)");
    const { code, output } = await script("backup", []);
    expect(code, output).toBe(0);
    expect(output).toMatch(/^\/.*\n0\.\d MB, 3 tables, 10 rows, \d+\.\d s\n$/);
    const path = output.split("\n")[0] ?? "";
    expect(basename(path)).toMatch(new RegExp(`^${scratch.stack}-\\d{8}T\\d{6}Z-postgresql13\\.14\\.dump$`));
    for (const file of [path, `${path}.sha256`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    const check = await execute("sh", ["-c", `cd '${folder}' && sha256sum -c ./*.sha256`]);
    expect(check.output).toBe(`${basename(path)}: OK\n`);
    expect(Object.fromEntries(await rowsOf(path))).toEqual({
      "public.budget": 2,
      "public.budget_event": 2,
      "public.flyway_schema_history": 6,
    });
  });

  it("is of one moment while others write", async () => {
    await scratch.sql("create table one (id int); create table two (id int)");
    // A transaction writes both tables, again and again.
    const load = `do $$ begin loop insert into one values (1); perform pg_sleep(0.001); insert into two values (1); commit; end loop; end $$`;
    const writing = scratch.sql(load).catch((error: Error) => error);
    const counts: number[] = [];
    for (let i = 0; i < 3; i++) {
      const rows = await rowsOf(await backup());
      expect(rows.get("public.one")).toBe(rows.get("public.two"));
      counts.push(rows.get("public.one") ?? 0);
    }
    await scratch.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'do $$ begin loop%'",
    );
    expect(await writing).toBeInstanceOf(Error);
    // The load was there all the time.
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBeGreaterThan(counts[0] ?? 0);
    expect(counts[2]).toBeGreaterThan(counts[1] ?? 0);
    await scratch.sql("drop table one; drop table two");
  });

  it("that is interrupted leaves no file and no session", async () => {
    const before = readdirSync(folder);
    const sessions = "select count(*) from pg_stat_activity where application_name like 'agatha-dump-%'";
    // It has to wait for this table until it is interrupted.
    const lock = scratch
      .sql("begin; lock table budget in access exclusive mode; select pg_sleep(300)")
      .catch((error: Error) => error);
    const args = ["scripts/backup.ts", "--stack", scratch.stack, "--config-file", scratch.configFile];
    const child = spawn(process.execPath, args, { env: scratch.env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    await vi.waitFor(async () => expect(await scratch.sql(sessions)).toEqual(["1"]), 20_000);
    expect(readdirSync(folder).length).toBe(before.length + 1);
    child.kill("SIGINT");
    expect(await ended).toBe(1);
    expect(said).toBe("Interrupted: nothing is left half done.\n");
    expect(readdirSync(folder)).toEqual(before);
    expect(await scratch.sql(sessions)).toEqual(["0"]);
    await scratch.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'",
    );
    await lock;
  });

  it("into a folder that is not there is refused, and the folder is not made", async () => {
    const config = configWith({ to: join(scratch.folder, "not-mounted") });
    const { code, output } = await script("backup", [], scratch, config);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^agatha:backups\.to: ".*not-mounted" cannot be used: ENOENT\. Mount it or make it/,
    );
    expect(existsSync(join(scratch.folder, "not-mounted"))).toBe(false);
  });
});

/** A config file of the stack with other backups. */
function configWith(backups: object): string {
  const file = join(scratch.folder, "other.yaml");
  const given = parse(readFileSync(scratch.configFile, "utf8")) as { config: Record<string, unknown> };
  given.config["agatha:backups"] = backups;
  writeFileSync(file, stringify(given));
  return file;
}

describe("a restore", () => {
  let path: string;

  beforeAll(async () => {
    await scratch.sql("alter database docker_agatha_db set work_mem = '5MB'");
    path = await backup();
    await scratch.sql("delete from budget where name = 'first'; create table later (id int)");
  });

  it("asks before it overwrites, and does nothing where there is nobody to ask", async () => {
    const { code, output } = await script("restore", [path]);
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(
        `Stack ${scratch.stack}: database docker_agatha_db has 4 tables, .*public\\.budget 1, .*public\\.later 0\\.`,
      ),
    );
    expect(output).toContain("there is no terminal to ask at. Nothing was changed. Add --yes.");
    expect(await budgets()).toEqual(["second"]);
  });

  it("brings back what was there, all of it and nothing else, and the back serves it", async () => {
    // Without a terminal, nobody can be asked.
    const words = { "dev-20261124T232006Z-postgresql13.14.dump": `${basename(path)} --yes` };
    const output = await documented("by its name", { words });
    expect(output).toMatch(
      /Restored into docker_agatha_db of stack .*: 3 tables, 10 rows, the same as in the dump, [\d.]+ s; the back was away for [\d.]+ s and is healthy\./,
    );
    expect(await budgets()).toEqual(["first", "second"]);
    expect(await scratch.sql("select to_regclass('later')")).toEqual([]);
    // The identity goes on where it was.
    await scratch.sql("insert into budget (name, amount_cents) values ('third', 3)");
    expect(await scratch.sql("select count(distinct id) from budget")).toEqual(["3"]);
    // What belongs to the database and is in no dump.
    expect(await scratch.sql("show work_mem")).toEqual(["5MB"]);
    expect(await databases()).toEqual([]);
    expectSentences(scratch, output);
  });

  it("into another stack works though its password is another", async () => {
    const other = await Scratch.make();
    try {
      await other.upWell();
      await documented("into another stack", { words: { "/mnt/backups/x.dump": `${path} --yes` } }, other);
      expect(await budgets(other)).toEqual(["first", "second"]);
      expect((await other.up()).code).toBe(0);
    } finally {
      await other.remove();
    }
  });
});

describe("refused, with everything left as it was:", () => {
  let path: string;
  let before: [Record<string, string>, string[]];

  const state = async (): Promise<typeof before> => [
    await scratch.running(),
    await scratch.sql("select * from budget order by id"),
  ];

  beforeAll(async () => {
    path = await backup();
    before = await state();
  });
  afterEach(async () => {
    expect(await state()).toEqual(before);
    expect(await databases()).toEqual([]);
  });

  /** A copy whose bytes are changed; with the checksum of what it was, or of what it is. */
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
    const { code, output } = await script("restore", [file, "--yes"]);
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

  it("a dump that is cut off, though its checksum says so too", async () => {
    const cut = await forged(() => {}, true);
    const bytes = readFileSync(cut);
    await writeSum(cut, bytes.subarray(0, bytes.length - 200));
    expect(await refuse(cut)).toMatch(/pg_restore cannot read the dump: could not/);
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
    expect(await refuse("README.md")).toMatch(/README\.md is no dump in PostgreSQL's custom format\./);
    expect(await refuse("nowhere.dump")).toContain(
      `"nowhere.dump" does not exist. Name a dump's path; the stack's backups are in ${folder}.`,
    );
    expect((await script("restore", ["--yes"])).output).toContain("restore: FILE is missing.");
  });
});

it("a restore that fails half-way leaves the data, and the back never stopped", async () => {
  // Rows of the first table are only allowed while the second has some: a dump fills the first before the second.
  await scratch.sql(`
    create table zz (id int); insert into zz values (1);
    create function allowed() returns boolean language sql as 'select exists (select from public.zz)';
    create table aa (id int check (allowed())); insert into aa values (1);`);
  const path = await backup();
  await scratch.sql("insert into budget (name, amount_cents) values ('after', 1)");
  const before = [await scratch.running(), await budgets()];
  const { code, output } = await script("restore", [path, "--yes"]);
  expect(code).toBe(1);
  expect(output).toMatch(/pg_restore into "agatha_restoring" failed: .*violates check constraint/s);
  expect([await scratch.running(), await budgets()]).toEqual(before);
  expect(await databases()).toEqual([]);
  await scratch.sql("drop table aa; drop function allowed; drop table zz");
});

describe("an exchange that does not end well", () => {
  let path: string;
  beforeAll(async () => {
    path = await backup();
    await scratch.sql("insert into budget (name, amount_cents) values ('since', 1)");
  });

  /** A restore with a docker of which one command goes wrong: `$real` is docker's own. */
  function restoreWith(wrong: string): Promise<Ended> {
    const bin = join(scratch.folder, "wrong");
    mkdirSync(bin, { recursive: true });
    const text = `#!/bin/bash\nreal=${which("docker")}\n${wrong}\nexec "$real" "$@"\n`;
    writeFileSync(join(bin, "docker"), text, { mode: 0o755 });
    return script("restore", [path, "--yes"], scratch, scratch.configFile, {
      PATH: `${bin}:${process.env["PATH"]}`,
    });
  }

  it("where the back's stop fails, leaves the data as it was, and the back serves it", async () => {
    const { code, output } = await restoreWith(
      'if [ "$1" = stop ]; then "$real" "$@"; echo "no answer" >&2; exit 1; fi',
    );
    expect(code).toBe(1);
    expect(output).toMatch(/restore: docker stop: no answer\. The database is as it was\./);
    expect(await budgets()).toContain("since");
    expect(await databases()).toEqual([]);
    expectSentences(scratch, output);
  });

  it("says that the dump is live where psql went on, and no further restore drops what was before", async () => {
    const { code, output } = await restoreWith(`
      if [ "$4" = psql ]; then
        text=$(cat)
        if [[ $text == *"rename to"* ]]; then "$real" "$@" <<< "$text"; exit 143; fi
        exec "$real" "$@" <<< "$text"
      fi`);
    expect(code).toBe(1);
    expect(output).toContain("The dump's data is live, in database docker_agatha_db.");
    expect(await budgets()).not.toContain("since");
    expect(await databases()).toEqual(["agatha_replaced"]);
    expectSentences(scratch, output);
    const again = await script("restore", [path, "--yes"]);
    expect(again.code).toBe(1);
    expect(again.output).toContain(
      "restore: database agatha_replaced is there, the data from before an earlier",
    );
    expect(await databases()).toEqual(["agatha_replaced"]);
    await documented("put back", {});
    await vi.waitFor(async () => expect(await budgets()).toContain("since"), 60_000);
    expect(await databases()).toEqual(["agatha_restored"]);
    await scratch.sql("drop database agatha_restored");
  });
});

describe("over ssh", () => {
  let sshd: SshServer;
  let there: string;

  beforeAll(async () => {
    sshd = await SshServer.here(join(scratch.folder, "ssh"));
    there = join(scratch.folder, "over there's");
    mkdirSync(there);
  });
  afterAll(() => sshd?.end());

  const ssh = (name: string, args: string[]) =>
    script(name, args, scratch, configWith({ to: `${sshd.url}${there}` }), sshd.env);

  it("a backup arrives, and is restored from there by its name or its URL", async () => {
    const { code, output } = await ssh("backup", []);
    expect(code, output).toBe(0);
    const url = output.split("\n")[0] ?? "";
    const name = basename(url);
    expect(url).toBe(`${sshd.url}${there}/${name}`);
    expect(readdirSync(there).sort()).toEqual([name, `${name}.sha256`]);
    for (const file of readdirSync(there)) expect(statSync(join(there, file)).mode & 0o777).toBe(0o600);
    const sums = await execute("sh", ["-c", `cd "${there}" && sha256sum -c "${name}.sha256"`]);
    expect(sums.output).toBe(`${name}: OK\n`);

    await scratch.sql("insert into budget (name, amount_cents) values ('lost', 1)");
    await documented("from another host", {
      words: { "ssh://me@host/srv/agatha/x.dump": `"${url}"` },
      env: sshd.env,
    });
    expect(await budgets()).not.toContain("lost");

    // Fetched with its checksum: what is damaged over there is refused.
    appendFileSync(join(there, name), "x");
    const damaged = await ssh("restore", [name, "--yes"]);
    expect(damaged.code).toBe(1);
    expect(damaged.output).toContain("is damaged: its checksum is");
  });

  it("a backup is refused where there is too little room, with both numbers", async () => {
    const before = readdirSync(there);
    const df =
      "#!/bin/sh\necho Filesystem 1024-blocks Used Available Capacity Mounted on\necho x 100 0 100 0% /\n";
    writeFileSync(join(sshd.remoteBin, "df"), df, { mode: 0o755 });
    try {
      const { code, output } = await ssh("backup", []);
      expect(code).toBe(1);
      expect(output).toMatch(/: has 0\.1 MB free, and a backup takes up to \d+\.\d MB\. Make room there,/);
      expect(readdirSync(there)).toEqual(before);
    } finally {
      writeFileSync(join(sshd.remoteBin, "df"), '#!/bin/sh\nexec /usr/bin/df "$@"\n');
    }
  });

  it("a backup that arrives otherwise than it was sent is none, and leaves nothing", async () => {
    const before = readdirSync(there);
    const cat = "#!/bin/sh\n/usr/bin/head -c 1000; /usr/bin/cat > /dev/null\n";
    writeFileSync(join(sshd.remoteBin, "cat"), cat, { mode: 0o755 });
    try {
      const { code, output } = await ssh("backup", []);
      expect(code).toBe(1);
      expect(output).toMatch(/the file that arrived has the checksum [0-9a-f]{64}, and not [0-9a-f]{64}/);
      expect(readdirSync(there)).toEqual(before);
    } finally {
      writeFileSync(join(sshd.remoteBin, "cat"), '#!/bin/sh\nexec /usr/bin/cat "$@"\n');
    }
  });

  it("a host that does not answer is named, with how to look", async () => {
    await sshd.end();
    const { code, output } = await ssh("backup", []);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^agatha:backups\.to: ssh:\/\/.* cannot be used: .*Connection refused.* Try `ssh /,
    );
  });
});

it("no password is in a backup, in its name or beside it", async () => {
  for (const name of dumps()) {
    expect(name).not.toContain(scratch.password);
    expect(readFileSync(join(folder, name)).includes(scratch.password)).toBe(false);
  }
  expect(dumps().length).toBeGreaterThan(4);
});
