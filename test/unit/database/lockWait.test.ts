/** The watch over a migration that waits for a lock, with a docker that answers what the database would. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchLocks, withoutLiterals } from "../../../lib/database/migrations/lockWait.ts";
import { DONE } from "../../../lib/docker/client.ts";
import { fake } from "../../support/programs.ts";

const DATABASE = { container: "db", user: "postgres", name: "d" };
const TIMES = { every: 20, reported: 150, ended: 400 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-lock-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const wait = (pid: number, of: unknown, blocker: number) =>
  JSON.stringify({
    ...{ pid, of, statement: "ALTER TABLE t ADD x text DEFAULT 'ours'", endable: true },
    blockers: [
      { pid: blocker, who: `session ${blocker} ("", role r, idle`, statement: "insert values ('theirs')" },
    ],
  });

/** Watches for a while; each look gets the next of the answers, and after the last begins anew. */
async function watched(answers: string[], cancel: string, ms = 700) {
  writeFileSync(join(folder, "answers"), answers.map((answer) => `${answer}\n`).join(""));
  const lines = [
    `cd '${folder}'; asked=$(cat)`,
    `if [[ $asked == *pg_cancel_backend* ]]; then echo "$asked" >> cancelled; ${cancel}; fi`,
    `looks=$(cat looks 2> /dev/null || echo 0); echo $((looks + 1)) > looks`,
    `sed -n "$((looks % ${answers.length} + 1))p" answers; echo '${DONE}'`,
  ];
  vi.stubEnv("PATH", fake(folder, "docker", lines)["PATH"]);
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  const over = new AbortController();
  const watch = watchLocks(DATABASE, "migrations", "psql", over.signal, TIMES);
  const said = await Promise.race([watch, sleep(ms)]);
  over.abort();
  await watch;
  return { said, told: printed.join("") };
}

const cancelled = () => readFileSync(join(folder, "cancelled"), "utf8");

describe("a watch", () => {
  it("reports one long wait and ends it, without anybody's literals", async () => {
    const { said, told } = await watched([wait(7, "lock", 8)], `echo t; echo '${DONE}'; exit`, 5000);
    const who = `session 8 ("", role r, idle, statement: insert values ('…'))`;
    expect(told).toBe(`waiting for a lock: "ALTER TABLE t ADD x text DEFAULT '…'" is blocked by ${who}\n`);
    expect(said).toContain(`waited 0.4 s for a lock that ${who} holds. Make sure that it has ended (psql -c`);
    expect(said).toContain("select pg_terminate_backend(8);");
  });

  it("counts each statement and each lock anew, though at every look one waits", async () => {
    const { said, told } = await watched([wait(7, "one", 8), wait(7, "two", 9)], "exit 9", 1200);
    expect([said, told]).toEqual([undefined, ""]);
    expect(cancelled).toThrow();
  });

  it("takes it that a lock has come meanwhile, that a look fails, and that nothing can be ended", async () => {
    const ended = await watched([wait(7, "lock", 8)], `echo '${DONE}'; exit`);
    expect(ended.said).toBeUndefined();
    expect(cancelled()).toContain("where cardinality(pg_blocking_pids(7)) > 0");
    const failed = await watched([wait(7, "lock", 8)], "exit 9");
    expect(failed.said).toBeUndefined();
    expect(failed.told).toContain("waiting for a lock");
  });
});

it.each([
  ["select 1  from\n t", "select 1 from t"],
  ["insert into t values ('it''s', 'C:\\', 'secret')", "insert into t values ('…', '…', '…')"],
  ["select E'it\\'s', e'x', name'x'", "select '…', '…', name'…'"],
  [`select "it's", 'secret'`, `select "it's", '…'`],
  ["-- it's\nselect 'secret' /* it's */, 'too'", "select '…' , '…'"],
  ["do $$ secret $$; select $a$ $b$ secret $a$, $1", "do '…'; select '…', $1"],
  ["insert into t values ('secret that was cut", "insert into t values ('…'"],
  ["do $x$ secret that was cut $$", "do '…'"],
  ["select E'cut\\", "select '…'"],
])("a statement is shown without what is in its literals: %s", (statement, told) => {
  expect(withoutLiterals(statement)).toBe(told);
});

it("a literal is taken away before the statement is cut", () => {
  const told = withoutLiterals(`insert into t values ('${"x".repeat(200)}'), (${"1, ".repeat(100)})`);
  expect(told).toMatch(/^insert into t values \('…'\), \(1, /);
  expect(told).toHaveLength(100);
});
