/** Changes to a jar, by the JDK's own tool. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { well } from "./host.ts";

/** Adds an entry to a jar, or replaces it. */
export const putEntry = (jar: string, entry: string, content: string | Buffer): Promise<void> =>
  inFolder(async (folder) => {
    const file = join(folder, entry);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    await well("jar", ["--update", "--file", jar, "-C", folder, entry]);
  });

/** Sets the version that a jar's manifest names, which the sample answers at `/version`. */
export const setVersion = (jar: string, version: string): Promise<void> =>
  inFolder(async (folder) => {
    const manifest = join(folder, "lines");
    writeFileSync(manifest, `Implementation-Version: ${version}\n`);
    await well("jar", ["--update", "--file", jar, "--manifest", manifest]);
  });

/** Writes another Java release into the header of one of a jar's classes, as a newer compiler would. */
export const setClassRelease = (jar: string, entry: string, release: number): Promise<void> =>
  inFolder(async (folder) => {
    // The tool extracts only into its working directory.
    await well("sh", ["-c", `cd "$0" && jar xf "$1" "$2"`, folder, jar, entry]);
    const bytes = readFileSync(join(folder, entry));
    // Bytes 6 and 7 hold the version, which is 44 above the release.
    bytes.writeUInt16BE(release + 44, 6);
    await putEntry(jar, entry, bytes);
  });

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "agatha-jar-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A change of each service's application, which replaces its container. */
export const CHANGES = [
  ["back", ({ jar }: Application, version: string) => setVersion(jar, version)],
  [
    "front",
    async ({ dist }: Application, version: string) => writeFileSync(join(dist, "release.txt"), version),
  ],
] as const;

interface Application {
  jar: string;
  dist: string;
}
