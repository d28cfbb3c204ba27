/** Dumps a database and reads dumps, by the programs in the database's container, as streams. */
import { createHash, randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DONE } from "../../docker/client.ts";
import { type Running, start, stopIfInterrupted } from "../../process.ts";
import { messageOf, UserError } from "../../userError.ts";
import { DumpText } from "../dumpText.ts";
import { type Database, endSessions, type Rows, sql, withoutExtensions } from "../postgres.ts";
import { requireDone } from "../restoreScript.ts";
import { startProof } from "./prove.ts";

export interface Dumped {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** The rows in it: restored if `withRows`, else read. The schema was restored either way. */
  rows: Rows;
  withRows: boolean;
}

/** Longest wait for a table that is locked, in milliseconds. */
const LOCK_WAIT_MS = 60_000;

/** Runs a program and says that it came to its end. */
const TO_END = ["bash", "-c", `"$@" && echo "${DONE}" >&2`, "bash"];

/**
 * Dumps a database, as it is at one moment, in PostgreSQL's custom format. The same bytes are restored into a temporary
 * server meanwhile: a dump that cannot be is none. Rows of a large database are read alone.
 *
 * @throws UserError in PostgreSQL's words.
 */
export async function dump(
  database: Database,
  stack: string,
  take: (chunk: Buffer) => Promise<void>,
): Promise<Dumped> {
  const { container, user } = database;
  // By which its session is found again.
  const name = `agatha-dump-${randomBytes(6).toString("hex")}`;
  const proof = await startProof(database, stack);
  const reader = proof.withRows ? undefined : archiveReader(container, "backup: the dump", "--data-only");
  const source = start("docker", [
    ...["exec", "--env", `PGAPPNAME=${name}`, container, ...TO_END, "pg_dump", "--format=custom"],
    ...[`--lock-wait-timeout=${LOCK_WAIT_MS}`, "--no-password", `--username=${user}`, database.name],
  ]);
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
    const rows =
      reader === undefined ? restored : await withoutExtensions((await reader.text).rows, database);
    stopIfInterrupted();
    whole = true;
    return { bytes, sha256: hash.digest("hex"), rows, withRows: proof.withRows };
  } finally {
    if (!whole) {
      for (const running of [source, ...consumers]) end(running);
      // The client's end is not pg_dump's, which goes on in the container until it writes again.
      await sql(database, endSessions("application_name", name)).catch(() => undefined);
      await proof.running.ended.catch(() => undefined);
    }
  }
}

function end({ child }: Running): void {
  // A docker client that is asked to end before its container starts goes on, and would wait for more of the dump.
  child.stdin.end();
  child.kill("SIGTERM");
}

/**
 * Reads a custom archive as text, by the pg_restore of a database's container.
 *
 * @param what The archive, in errors.
 * @throws UserError if pg_restore cannot.
 */
export async function readArchive(
  container: string,
  what: string,
  archive: Readable,
  ...options: string[]
): Promise<DumpText> {
  const reader = archiveReader(container, what, ...options);
  await feed(archive, reader.running);
  return reader.text;
}

function archiveReader(container: string, what: string, ...options: string[]) {
  const running = start("docker", [
    ...["exec", "-i", container, ...TO_END, "pg_restore", "--file=-", ...options],
  ]);
  const read = new DumpText();
  running.child.stdout.on("data", (chunk: Buffer) => read.push(chunk));
  const text = running.ended.then(async (result) => {
    await requireDone(`${what} cannot be read by pg_restore`, result);
    return read;
  });
  // Awaited at the end of the stream; a failure before that is no unhandled rejection.
  text.catch(() => undefined);
  return { running, text };
}

/** Gives a program all of a dump; one that ends before says why itself. @throws UserError as `pieces`. */
export const feed = (dump: Readable, { child }: Running): Promise<void> =>
  pipeline(pieces(dump), child.stdin).catch((error: unknown) => {
    // The program would wait for more, and Node.js for it.
    child.stdin.end();
    if (error instanceof UserError) throw error;
  });

/** The pieces of a dump. @throws UserError if it cannot be read, and after an interrupt. */
export async function* pieces(dump: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of dump as AsyncIterable<Buffer>) {
      stopIfInterrupted();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`restore: the dump cannot be read: ${messageOf(error)}. Take another copy of it.`);
  }
}

/** Writes and waits until it is taken; a reader that is gone says why itself. */
export const write = (stream: Writable, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => stream.write(chunk, () => resolve()));
