/** Changes to a jar, by the JDK's own tool. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execute } from "./host.ts";

/** Adds an entry to a jar, or replaces it. */
export async function putEntry(jar: string, entry: string, content: string | Buffer): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "agatha-jar-"));
  try {
    const file = join(folder, entry);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    await jarTool("--update", "--file", jar, "-C", folder, entry);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sets the version that a jar's manifest names, which the sample answers at `/version`. */
export async function setVersion(jar: string, version: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "agatha-jar-"));
  try {
    const lines = join(folder, "lines");
    writeFileSync(lines, `Implementation-Version: ${version}\n`);
    await jarTool("--update", "--file", jar, "--manifest", lines);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes another Java release into the header of one of a jar's classes, as a newer compiler would. */
export async function setClassRelease(jar: string, entry: string, release: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "agatha-jar-"));
  try {
    // The tool extracts only into its working directory.
    const { code, output } = await execute("sh", ["-c", `cd "$0" && jar xf "$1" "$2"`, folder, jar, entry]);
    if (code !== 0) throw new Error(`jar xf ${entry}: ${output}`);
    const bytes = readFileSync(join(folder, entry));
    // Bytes 6 and 7 hold the version, which is 44 above the release.
    bytes.writeUInt16BE(release + 44, 6);
    await putEntry(jar, entry, bytes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function jarTool(...args: string[]): Promise<void> {
  const { code, output } = await execute("jar", args);
  if (code !== 0) throw new Error(`jar ${args.join(" ")}: ${output}`);
}
