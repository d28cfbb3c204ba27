/** Backups of a database in use: local, on another host, or failed. */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Backups, UNRESTORABLE } from "../support/backups.ts";
import { execute, type Scratch } from "../support/scratch.ts";
import { SshServer } from "../support/sshServer.ts";

let backups: Backups;
let scratch: Scratch;

beforeAll(async () => {
  backups = await Backups.make("docs/backup.md", "integration/backup.test.ts");
  scratch = backups.scratch;
});
afterAll(() => scratch?.remove());

describe("a backup", () => {
  it("reports its place and content; only its owner can read it and its checksum", async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('first', 1), ('second', 2)");
    const { code, output } = await backups.script("backup", []);
    expect(code, output).toBe(0);
    expect(output).toMatch(
      /^\/.*\n0\.\d MB, 3 tables, 10 rows, \d+\.\d s; proved by restoring schema and rows\n$/,
    );
    const path = output.split("\n")[0] ?? "";
    expect(basename(path)).toMatch(new RegExp(`^${scratch.stack}-\\d{8}T\\d{6}Z-postgresql13\\.14\\.dump$`));
    for (const file of [path, `${path}.sha256`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    const check = await execute("sh", ["-c", `cd '${backups.folder}' && sha256sum -c ./*.sha256`]);
    expect(check.output).toBe(`${basename(path)}: OK\n`);
    expect(Object.fromEntries(await backups.rowsOf(path))).toEqual({
      "public.budget": 2,
      "public.budget_event": 2,
      "public.flyway_schema_history": 6,
    });
  });

  it("is consistent while others write", async () => {
    await scratch.sql("create table one (id int); create table two (id int)");
    // One transaction writes both tables, over and over.
    const load = `do $$ begin loop insert into one values (1); perform pg_sleep(0.001); insert into two values (1); commit; end loop; end $$`;
    const writing = scratch.sql(load).catch((error: Error) => error);
    const counts: number[] = [];
    for (let i = 0; i < 3; i++) {
      const rows = await backups.rowsOf(await backups.take());
      expect(rows.get("public.one")).toBe(rows.get("public.two"));
      counts.push(rows.get("public.one") ?? 0);
    }
    await scratch.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'do $$ begin loop%'",
    );
    expect(await writing).toBeInstanceOf(Error);
    // The load ran all the time.
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBeGreaterThan(counts[0] ?? 0);
    expect(counts[2]).toBeGreaterThan(counts[1] ?? 0);
    await scratch.sql("drop table one; drop table two");
  });

  it("that is interrupted leaves no file and no session", async () => {
    const before = readdirSync(backups.folder);
    const sessions = "select count(*) from pg_stat_activity where application_name like 'agatha-dump-%'";
    // The dump has to wait for this table until it is interrupted.
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
    expect(readdirSync(backups.folder).length).toBe(before.length + 1);
    child.kill("SIGINT");
    expect(await ended).toBe(1);
    expect(said).toBe("Interrupted: nothing is left half done.\n");
    expect(readdirSync(backups.folder)).toEqual(before);
    expect(await scratch.sql(sessions)).toEqual(["0"]);
    expect((await scratch.own("container")).length).toBe(4);
    await scratch.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'",
    );
    await lock;
  });

  it("that cannot be restored is removed, with an error that says what helps", async () => {
    await scratch.sql(UNRESTORABLE);
    const before = readdirSync(backups.folder);
    const { code, output } = await backups.script("backup", []);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^the backup cannot be restored, so it is none: .* violates check constraint "aa_check"/,
    );
    const fix = "ALTER TABLE aa DROP CONSTRAINT aa_check, ADD CONSTRAINT aa_check CHECK (…) NOT VALID";
    expect(output).toContain(fix);
    expect(readdirSync(backups.folder)).toEqual(before);
    await scratch.sql(fix.replace("…", "allowed()"));
    await backups.take();
    await scratch.sql("drop table aa; drop function allowed; drop table zz");
  });

  it("into a missing folder is refused, and the folder is not created", async () => {
    const config = backups.configWith({ to: join(scratch.folder, "not-mounted") });
    const { code, output } = await backups.script("backup", [], config);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^agatha:backups\.to: ".*not-mounted" cannot be used: ENOENT\. Mount it or make it/,
    );
    expect(existsSync(join(scratch.folder, "not-mounted"))).toBe(false);
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
    backups.script(name, args, backups.configWith({ to: `${sshd.url}${there}` }), sshd.env);

  it("a backup is sent, and restored from there by its name or its URL", async () => {
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
    await backups.documented("from another host", {
      words: { "ssh://me@host/srv/agatha/x.dump": `"${url}"` },
      env: sshd.env,
    });
    expect(await backups.budgets()).not.toContain("lost");

    // It is fetched with its checksum, so a damaged file is refused.
    appendFileSync(join(there, name), "x");
    const damaged = await ssh("restore", [name, "--yes"]);
    expect(damaged.code).toBe(1);
    expect(damaged.output).toContain("is damaged: its checksum is");
  });

  it("a backup is refused if there is too little space, with both numbers", async () => {
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

  it("a backup that arrives damaged is removed", async () => {
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

  it("a host that does not answer is named, with a command to check it", async () => {
    await sshd.end();
    const { code, output } = await ssh("backup", []);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^agatha:backups\.to: ssh:\/\/.* cannot be used: .*Connection refused.* Try `ssh /,
    );
  });
});

it("no password is in a backup, in its name or beside it", async () => {
  for (const name of backups.dumps()) {
    expect(name).not.toContain(scratch.password);
    expect(readFileSync(join(backups.folder, name)).includes(scratch.password)).toBe(false);
  }
  expect(backups.dumps().length).toBeGreaterThan(4);
});
