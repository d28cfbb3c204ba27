/** Dumps a database and reads dumps, by the programs in the database's container, as streams. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { dockerError } from "../docker.ts";
import { type Database, type Rows, sql } from "../postgres.ts";
import { type Result, type Running, StepError, start, stopIfInterrupted } from "../process.ts";
import { literal } from "../sql.ts";
import { RowCounter } from "./archive.ts";

/** A dump that was taken. */
export interface Dumped {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** The rows in it, read back from the dump itself. */
  rows: Rows;
}

/** Longest wait for a table that is locked, in milliseconds. */
const LOCK_WAIT_MS = 60_000;

/**
 * Dumps a database, as it is at one moment, in PostgreSQL's custom format. The same bytes go through pg_restore
 * meanwhile: a dump that it cannot read to its end is none.
 *
 * @param take Gets the dump, a piece at a time.
 * @throws StepError in pg_dump's words.
 */
export async function dump(database: Database, take: (chunk: Buffer) => Promise<void>): Promise<Dumped> {
  const name = `agatha-dump-${randomBytes(6).toString("hex")}`;
  const source = start("docker", [
    ...["exec", "--env", `PGAPPNAME=${name}`, database.container, "pg_dump", "--format=custom"],
    ...[`--lock-wait-timeout=${LOCK_WAIT_MS}`, "--no-password", `--username=${database.user}`, database.name],
  ]);
  const reader = archiveReader(database.container);
  const hash = createHash("sha256");
  let bytes = 0;
  let whole = false;
  try {
    for await (const chunk of source.child.stdout as AsyncIterable<Buffer>) {
      stopIfInterrupted();
      hash.update(chunk);
      bytes += chunk.length;
      await Promise.all([take(chunk), write(reader.running.child.stdin, chunk)]);
    }
    const ended = await source.ended;
    stopIfInterrupted();
    if (ended.code !== 0)
      throw new StepError(`pg_dump of "${database.name}" failed: ${await said("pg_dump", ended)}`);
    reader.running.child.stdin.end();
    const rows = await reader.rows;
    whole = true;
    return { bytes, sha256: hash.digest("hex"), rows };
  } finally {
    if (!whole) {
      for (const { child } of [source, reader.running]) child.kill("SIGTERM");
      await endSession(database, name);
    }
  }
}

/** The client's end is not pg_dump's, which goes on in the container until it writes again. */
async function endSession(database: Database, application: string): Promise<void> {
  const statement = `select pg_terminate_backend(pid) from pg_stat_activity where application_name =${literal(application)};`;
  await sql(database, statement, "postgres").catch(() => undefined);
}

/**
 * Reads a dump to its end and counts its rows.
 *
 * @param container A database's container, whose pg_restore reads it.
 * @throws StepError where pg_restore cannot read it.
 */
export async function readDump(
  container: string,
  archive: Readable,
): Promise<{ rows: Rows; textBytes: number }> {
  const reader = archiveReader(container);
  await feed(archive, reader.running);
  return { rows: await reader.rows, textBytes: reader.counter.bytes };
}

/**
 * Restores a dump into a database, which has to be empty; the first error ends it.
 *
 * @param options More options of pg_restore: `--no-owner`.
 * @throws StepError in pg_restore's words.
 */
export async function restoreDump(
  database: Database,
  archive: Readable,
  options: string[] = [],
): Promise<void> {
  const program = start("docker", [
    ...["exec", "-i", database.container, "pg_restore", "--exit-on-error", "--no-password", ...options],
    ...[`--username=${database.user}`, `--dbname=${database.name}`],
  ]);
  program.child.stdout.resume();
  await feed(archive, program);
  const ended = await program.ended;
  if (ended.code !== 0)
    throw new StepError(`pg_restore into "${database.name}" failed: ${await said("pg_restore", ended)}`);
}

/**
 * The statements that make a dump's schema, as text.
 *
 * @throws StepError where pg_restore cannot read the dump.
 */
export async function schemaText(container: string, archive: Readable): Promise<string> {
  const running = start("docker", ["exec", "-i", container, "pg_restore", "--schema-only", "--file=-"]);
  const chunks: Buffer[] = [];
  running.child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await feed(archive, running);
  const ended = await running.ended;
  if (ended.code !== 0)
    throw new StepError(`pg_restore cannot read the dump: ${await said("pg_restore", ended)}`);
  return Buffer.concat(chunks).toString("utf8");
}

function archiveReader(container: string): { running: Running; counter: RowCounter; rows: Promise<Rows> } {
  const args = ["exec", "-i", container, "pg_restore", "--data-only", "--file=-"];
  const running = start("docker", args);
  const counter = new RowCounter();
  running.child.stdout.on("data", (chunk: Buffer) => counter.push(chunk));
  const rows = running.ended.then(async (ended) => {
    if (ended.code === 0) return counter.rows;
    throw new StepError(`pg_restore cannot read the dump: ${await said("pg_restore", ended)}`);
  });
  // Awaited at the end of the stream; a failure before that is no unhandled rejection.
  rows.catch(() => undefined);
  return { running, counter, rows };
}

async function feed(archive: Readable, { child }: Running): Promise<void> {
  for await (const chunk of archive as AsyncIterable<Buffer>) {
    stopIfInterrupted();
    await write(child.stdin, chunk);
  }
  child.stdin.end();
}

/** Writes and waits until there is room for more; a reader that is gone says why itself. */
export async function write(stream: Writable, chunk: Buffer): Promise<void> {
  if (stream.destroyed || stream.write(chunk)) return;
  await Promise.race([once(stream, "drain"), once(stream, "close")]).catch(() => undefined);
}

/** What a program of PostgreSQL's said went wrong: its first error with its details; else what docker said. */
async function said(program: string, { code, stderr }: Result): Promise<string> {
  const lines = stderr
    .split("\n")
    .filter((line) => line.startsWith(`${program}: `) || /^(DETAIL|HINT|Command was)/.test(line));
  const first = lines.findIndex((line) => /error: /.test(line));
  if (first >= 0)
    return lines
      .slice(first, first + 3)
      .join("\n")
      .replaceAll(`${program}: error: `, "");
  return dockerError(["exec"], { code, stderr });
}
