/** Dumps a database and reads dumps, by the programs in the database's container, as streams. */

import { createHash, randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DONE } from "../../docker/client.ts";
import { type Running, start, stopIfInterrupted } from "../../process.ts";
import { type Database, type Rows, sql, withoutExtensions } from "../postgres.ts";
import { literal } from "../sql.ts";
import { RowCounter } from "./archive.ts";
import { startProof } from "./prove.ts";
import { RESTORE, requireDone, searchPath } from "./restoring.ts";

/** A dump that was taken. */
export interface Dumped {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** The rows in it: restored where `withRows`, else read. The schema was restored either way. */
  rows: Rows;
  withRows: boolean;
}

/** Longest wait for a table that is locked, in milliseconds. */
const LOCK_WAIT_MS = 60_000;

/** Runs a program and says that it came to its end. */
const TO_END = `"$@" && echo "${DONE}" >&2`;

/**
 * Dumps a database, as it is at one moment, in PostgreSQL's custom format. The same bytes are restored into a temporary
 * server meanwhile: a dump that cannot be is none. Rows of a large database are read alone.
 *
 * @param take Gets the dump, a piece at a time.
 * @param stack The stack's name, for the label of the temporary server.
 * @throws UserError in PostgreSQL's words.
 */
export async function dump(
  database: Database,
  stack: string,
  take: (chunk: Buffer) => Promise<void>,
): Promise<Dumped> {
  const name = `agatha-dump-${randomBytes(6).toString("hex")}`;
  const proof = await startProof(database, stack);
  const reader = proof.withRows ? undefined : archiveReader(database.container);
  const source = startDump(database, name);
  const consumers = [proof.running, ...(reader === undefined ? [] : [reader.running])];
  const hash = createHash("sha256");
  let bytes = 0;
  let whole = false;
  try {
    for await (const chunk of source.child.stdout as AsyncIterable<Buffer>) {
      stopIfInterrupted();
      hash.update(chunk);
      bytes += chunk.length;
      await Promise.all([take(chunk), ...consumers.map(({ child }) => write(child.stdin, chunk))]);
    }
    const ended = await source.ended;
    stopIfInterrupted();
    await requireDone(`pg_dump of "${database.name}" failed`, ended);
    reader?.running.child.stdin.end();
    const restored = await proof.rows();
    const result = {
      bytes,
      sha256: hash.digest("hex"),
      rows: reader === undefined ? restored : await withoutExtensions(await reader.rows, database),
      withRows: proof.withRows,
    };
    stopIfInterrupted();
    whole = true;
    return result;
  } finally {
    if (!whole) {
      for (const { child } of [source, ...consumers]) child.kill("SIGTERM");
      await endSession(database, name);
      await proof.running.ended.catch(() => undefined);
    }
  }
}

/** @param name By which the session is found again. */
const startDump = ({ container, user, name: of }: Database, name: string): Running =>
  start("docker", [
    ...["exec", "--env", `PGAPPNAME=${name}`, container, "bash", "-c", TO_END, "bash", "pg_dump"],
    ...["--format=custom", `--lock-wait-timeout=${LOCK_WAIT_MS}`, "--no-password", `--username=${user}`, of],
  ]);

/** The client's end is not pg_dump's, which goes on in the container until it writes again. */
async function endSession(database: Database, application: string): Promise<void> {
  const statement = `select pg_terminate_backend(pid) from pg_stat_activity where application_name =${literal(application)};`;
  await sql(database, statement, "postgres").catch(() => undefined);
}

/**
 * Reads a dump to its end and counts its rows.
 *
 * @param container A database's container, whose pg_restore reads it.
 * @throws UserError where pg_restore cannot read it.
 */
export async function readDump(
  container: string,
  archive: Readable,
): Promise<{ rows: Rows; textBytes: number }> {
  const reader = archiveReader(container);
  await feed(archive, reader.running);
  return { rows: await reader.rows, textBytes: reader.counter.bytes };
}

const RESTORE_DONE = `set -o pipefail; ${RESTORE}; restore "$@" && echo "${DONE}" >&2`;

/**
 * Restores a dump into a database, which has to be empty, under the search_path that its sessions have; the first error
 * ends it.
 *
 * @param options More options of pg_restore: `--no-owner`.
 * @throws UserError in PostgreSQL's words.
 */
export async function restoreDump(
  database: Database,
  archive: Readable,
  options: string[] = [],
): Promise<void> {
  const program = start("docker", [
    ...["exec", "-i", "--env", `PGUSER=${database.user}`, "--env", `PGDATABASE=${database.name}`],
    ...[database.container, "bash", "-c", RESTORE_DONE, "bash", await searchPath(database), ...options],
  ]);
  program.child.stdout.resume();
  await feed(archive, program);
  await requireDone(`pg_restore into "${database.name}" failed`, await program.ended);
  stopIfInterrupted();
}

/**
 * The script that makes a dump's database and its schema.
 *
 * @throws UserError where pg_restore cannot read the dump.
 */
export async function schemaText(container: string, archive: Readable): Promise<string> {
  const running = startReading(container, "--create", "--schema-only");
  const chunks: Buffer[] = [];
  running.child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await feed(archive, running);
  await requireRead(running);
  return Buffer.concat(chunks).toString("utf8");
}

/** Starts a pg_restore that makes text of an archive. */
const startReading = (container: string, ...options: string[]): Running =>
  start("docker", [
    ...["exec", "-i", container, "bash", "-c", TO_END, "bash", "pg_restore", "--file=-", ...options],
  ]);

const requireRead = async (running: Running): Promise<void> =>
  requireDone("pg_restore cannot read the dump", await running.ended);

function archiveReader(container: string): { running: Running; counter: RowCounter; rows: Promise<Rows> } {
  const running = startReading(container, "--data-only");
  const counter = new RowCounter();
  running.child.stdout.on("data", (chunk: Buffer) => counter.push(chunk));
  const rows = requireRead(running).then(() => counter.rows);
  // Awaited at the end of the stream; a failure before that is no unhandled rejection.
  rows.catch(() => undefined);
  return { running, counter, rows };
}

/** Gives a program all of an archive; one that ends before says why itself. */
async function feed(archive: Readable, { child }: Running): Promise<void> {
  await pipeline(archive, child.stdin).catch(() => {
    if (archive.errored !== null && !child.stdin.destroyed) throw archive.errored;
  });
  stopIfInterrupted();
}

/** Writes and waits until it is taken; a reader that is gone says why itself. */
export const write = (stream: Writable, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => stream.write(chunk, () => resolve()));
