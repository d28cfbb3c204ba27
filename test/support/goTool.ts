/** Programs for tests, built from Go modules that are pinned here, and kept in the user's cache. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, tail } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";
import { GO_FOLDER, goCommand } from "../../offline/engine.ts";

export interface GoTool {
  /** What errors begin with. */
  name: string;
  /** Folder with the go.mod and go.sum that pin it. */
  module: string;
  /** The package to build. */
  package: string;
  /** Name of the program. */
  binary: string;
  /** Variables that the linker sets: `path.Name=value`. Default: none. */
  variables?: string[];
}

/** Where the program is, or will be: what pins it is part of the path. */
export function goToolPath({ module, binary }: Pick<GoTool, "module" | "binary">): string {
  const key = createHash("sha256");
  for (const file of readdirSync(module).sort()) key.update(readFileSync(join(module, file)));
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(base, "agatha", `${binary}-${key.digest("hex").slice(0, 24)}`, binary);
}

/** Builds the program unless it is there. @returns Its path. @throws UserError if that fails. */
export async function goTool(tool: GoTool): Promise<string> {
  const path = goToolPath(tool);
  if (!existsSync(path)) await build(tool, path);
  return path;
}

async function build(tool: GoTool, path: string): Promise<void> {
  const go = goCommand();
  if (go === undefined)
    throw new UserError(
      `${tool.name}: there is no Go on PATH or in ${GO_FOLDER}. Install it, then run this again.`,
    );
  const folder = join(path, "..");
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "building-"));
  try {
    const built = join(work, tool.binary);
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false"];
    const link = ["-s", "-w", ...(tool.variables ?? []).flatMap((variable) => ["-X", variable])].join(" ");
    const args = ["build", ...flags, "-ldflags", link, "-o", built, tool.package];
    const env = { ...process.env, CGO_ENABLED: "0" };
    const { code, output } = await run(go, args, { cwd: tool.module, env });
    if (code !== 0) throw new UserError(`${tool.name}: building it failed:\n${tail(output, 20)}`);
    // Renamed in one step: nobody sees half of it.
    renameSync(built, path);
  } finally {
    rmSync(work, { recursive: true });
  }
}
