/** Dumps a database and reads dumps, by the programs in the database's container, as streams. */
import { createHash, randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { DONE } from "../../docker/client.ts";
import { type Running, start, stopIfInterrupted } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { DumpText } from "../dumpText.ts";
import { type Database, type Rows, sql, withoutExtensions } from "../postgres.ts";
import { requireDone } from "../restoreScript.ts";
import { endSessions } from "../sql.ts";
import { startProof } from "./prove.ts";

/** A dump that was taken. */
interface Dumped {
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
  const reader = proof.withRows ? undefined : archiveReader(database.container, "--data-only");
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
      rows: reader === undefined ? restored : await withoutExtensions((await reader.text).rows, database),
      withRows: proof.withRows,
    };
    stopIfInterrupted();
    whole = true;
    return result;
  } finally {
    if (!whole) {
      for (const { child } of [source, ...consumers]) {
        // A docker client that is asked to end before its container starts goes on, and would wait for more of the dump.
        child.stdin.end();
        child.kill("SIGTERM");
      }
      // The client's end is not pg_dump's, which goes on in the container until it writes again.
      await sql(database, endSessions("application_name", name)).catch(() => undefined);
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

/**
 * Reads a custom archive as text, to its end.
 *
 * @param container A database's container, whose pg_restore reads it.
 * @param options Of pg_restore.
 * @throws UserError if pg_restore cannot read it.
 */
export async function readArchive(
  container: string,
  archive: Readable,
  ...options: string[]
): Promise<DumpText> {
  const reader = archiveReader(container, ...options);
  await feed(archive, reader.running);
  return reader.text;
}

function archiveReader(container: string, ...options: string[]) {
  const running = start("docker", [
    ...["exec", "-i", container, "bash", "-c", TO_END, "bash", "pg_restore", "--file=-", ...options],
  ]);
  const read = new DumpText();
  running.child.stdout.on("data", (chunk: Buffer) => read.push(chunk));
  const text = running.ended.then(async (result) => {
    await requireDone("pg_restore cannot read the dump", result);
    return read;
  });
  // Awaited at the end of the stream; a failure before that is no unhandled rejection.
  text.catch(() => undefined);
  return { running, text };
}

/** Gives a program all of a dump; one that ends before says why itself. */
export async function feed(dump: Readable, { child }: Running): Promise<void> {
  try {
    for await (const chunk of pieces(dump)) {
      if (child.stdin.destroyed) break;
      await write(child.stdin, chunk);
    }
  } finally {
    // A dump that cannot be read to its end has to end the program, too: it would wait for more, and Node.js for it.
    child.stdin.end();
  }
}

/** The pieces of a dump. @throws UserError if it cannot be read, and after an interrupt. */
export async function* pieces(dump: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of dump as AsyncIterable<Buffer>) {
      stopIfInterrupted();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `restore: the dump cannot be read: ${(error as Error).message}. Take another copy of it.`,
    );
  }
}

/** Writes and waits until it is taken; a reader that is gone says why itself. */
export const write = (stream: Writable, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => stream.write(chunk, () => resolve()));
