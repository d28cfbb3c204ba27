/** Refuses, in a preview too, migrations that Flyway would refuse on the stack's database. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Config } from "../config.ts";
import { askDocker } from "./askDocker.ts";
import type { DockerHost } from "./dockerHost.ts";
import { type ImagePlan, isPinned } from "./imagePlan.ts";
import { hostName } from "./names.ts";
import { type Applied, compare, HISTORY, sentences } from "./schemaHistory.ts";
import { UserError } from "./userError.ts";

/** The history of the stack's database; empty where it does not answer, and the migration step is the first to know. */
export async function askHistory({ database }: Config, host: DockerHost): Promise<Applied[]> {
  const psql = ["psql", "-U", database.user, "-d", database.name, "-qtAXc", HISTORY];
  const { stdout, error } = await askDocker(["exec", hostName("db"), ...psql], host);
  if (error !== undefined) return [];
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((row) => JSON.parse(row) as Applied);
}

/** @throws UserError that names each file that does not fit, with the fix. */
export function refuseMigrations(back: ImagePlan, folder: string, history: Applied[]): void {
  if (isPinned(back)) return;
  const files = Object.keys(back.inputs["migrations"] ?? {});
  // The settings of a script may name another encoding.
  const checksum = (file: string) =>
    files.includes(`${file}.conf`) ? undefined : flywayChecksum(readFileSync(join(folder, file)));
  const { refused } = compare(files, history, checksum);
  if (refused.length > 0)
    throw new UserError(
      `agatha:back.migrations: "${folder}" does not suit the stack's database:\n${sentences(refused).join("\n")}`,
    );
}

/** As flyway/flyway 10.20.1 and 12.11.0 have it (ChecksumCalculator): CRC-32 of the lines without their ends, signed. */
export function flywayChecksum(content: Buffer): number {
  const text = content.toString("utf8").replace(/^\uFEFF/, "");
  return crc32(text.replace(/\r\n|\r|\n/g, "")) | 0;
}
