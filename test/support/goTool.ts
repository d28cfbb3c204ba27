/** Programs for tests, built from Go modules that are pinned here, and kept in the user's cache. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, tail } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";
import { GO_FOLDER, goCommand } from "../../offline/engine.ts";

interface GoTool {
  /** Its path and version. */
  module: string;
  /** The module's hash as in a go.sum. The go.sum in it has the hashes of all that it is built from. */
  sum: string;
  /** The package to build. */
  package: string;
  /** Further flags of the linker. Default: none. */
  link?: string;
}

export const TOOLS = {
  actionlint: {
    module: "github.com/rhysd/actionlint@v1.7.7",
    sum: "h1:0KgkoNTrYY7vmOCs9BW2AHxLvvpoY9nEUzgBHiPUr0k=",
    package: "./cmd/actionlint",
  },
  "docker-compose": {
    module: "github.com/docker/compose/v2@v2.40.3",
    sum: "h1:XeYkQu1svDtyfZPv5nTwFryQ25ZJMkIlc4pz9HalMPI=",
    package: "./cmd",
    link: "-X github.com/docker/compose/v2/internal.Version=v2.40.3",
  },
  gofakes3: {
    module: "github.com/johannesboyne/gofakes3@v1.2.0",
    sum: "h1:I9VEzPWvvAUAGzDlhYFoZjF0AXMlkcEyZlmBwiI6Oms=",
    package: "./cmd/gofakes3",
  },
} satisfies Record<string, GoTool>;

/** The user's folder for a program of one version. */
export const toolFolder = (nameAndVersion: string): string =>
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "agatha", nameAndVersion);

/** Builds the program unless it is there. @returns Its path. @throws UserError if that fails. */
export async function goTool(name: keyof typeof TOOLS): Promise<string> {
  const tool: GoTool = TOOLS[name];
  const folder = toolFolder(`${name}-${tool.module.split("@")[1]}`);
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const go = goCommand();
  if (go === undefined)
    throw new UserError(
      `${name}: there is no Go on PATH or in ${GO_FOLDER}. Install it, then run this again.`,
    );
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "building-"));
  try {
    await build(go, name, tool, work);
    // Renamed in one step: nobody sees half of it.
    renameSync(join(work, name), path);
  } finally {
    rmSync(work, { recursive: true });
  }
  return path;
}

async function build(go: string, name: string, tool: GoTool, work: string): Promise<void> {
  // Its hash is compared here. Go adds nothing to the module's own go.mod and go.sum, and compares what they name.
  const env = { ...process.env, CGO_ENABLED: "0", GOSUMDB: "off", GOWORK: "off" };
  const well = async (args: string[], cwd: string) => {
    const { code, stdout, output } = await run(go, args, { cwd, env });
    if (code !== 0) throw new UserError(`${name}: building it failed:\n${tail(output, 20)}`);
    return stdout;
  };
  const downloaded = await well(["mod", "download", "-json", tool.module], work);
  const { Dir, Sum } = JSON.parse(downloaded) as { Dir: string; Sum: string };
  if (Sum !== tool.sum) throw new UserError(`${name}: ${tool.module} has the hash ${Sum}, not ${tool.sum}.`);
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", `-s -w ${tool.link ?? ""}`];
  await well(["build", ...flags, "-o", join(work, name), tool.package], Dir);
}
