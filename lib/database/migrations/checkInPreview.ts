/** Refuses, in a preview too, migrations that Flyway would refuse on the stack's database. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Config } from "../../config/schema.ts";
import { askDocker } from "../../docker/ask.ts";
import type { DockerHost } from "../../docker/host.ts";
import { hostName } from "../../docker/names.ts";
import { type ImagePlan, isPinned } from "../../images/plan.ts";
import { UserError } from "../../userError.ts";
import { type Applied, compare, HISTORY, type Packaged, sentences } from "./schemaHistory.ts";

/** The history of the stack's database; empty if it does not answer, and the migration step is the first to know. */
export async function askHistory({ database }: Config, host: DockerHost): Promise<Applied[]> {
  const psql = ["psql", "-U", database.user, "-d", database.name, "-qtAXc", HISTORY];
  const { stdout, error } = await askDocker(["exec", hostName("db"), ...psql], host);
  const rows = error === undefined ? stdout.split("\n").filter(Boolean) : [];
  return rows.map((row) => JSON.parse(row) as Applied);
}

/** The migrations of an image; none of a pinned one's. @throws UserError that names each file that does not fit, with the fix. */
export function checkMigrations(back: ImagePlan, folder: string, history: Applied[]): Packaged {
  if (isPinned(back)) return {};
  const packaged = packagedIn(folder, Object.keys(back.inputs["migrations"] ?? {}));
  const { refused } = compare(packaged, history);
  if (refused.length === 0) return packaged;
  const what = `agatha:back.migrations: "${folder}" does not suit the stack's database:`;
  throw new UserError([what, ...sentences(refused)].join("\n"));
}

/** Files of a folder with their checksums: none for a script with settings, which may name another encoding. */
export const packagedIn = (folder: string, files: string[]): Packaged =>
  Object.fromEntries(
    files.map((file) => [
      file,
      files.includes(`${file}.conf`) ? null : flywayChecksum(readFileSync(join(folder, file))),
    ]),
  );

/** As flyway/flyway 10.20.1 and 12.11.0 have it (ChecksumCalculator): CRC-32 of the lines without their ends, signed. */
export const flywayChecksum = (content: Buffer): number =>
  crc32(content.toString("utf8").replace(/^\uFEFF|\r\n|\r|\n/g, "")) | 0;
