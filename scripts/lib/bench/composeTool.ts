/** Docker Compose: the machine's own where it has version 2, else built from Go modules and kept for next time. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { lastLines, run, Stop, which } from "../exec.ts";
import { report } from "../report.ts";

/** The Go module that pins it. */
const MODULE = join(import.meta.dirname, "compose");
const PACKAGE = "github.com/docker/compose/v2";

/** Where Go is, where it is installed but not on PATH. */
const GO_FOLDER = "/usr/local/go/bin";

/** The command line that Docker Compose begins with. */
export async function composeTool(): Promise<string[]> {
  const { code, output } = await run("docker", ["compose", "version", "--short"]);
  if (code === 0 && /^v?([2-9]|\d\d)\./.test(output.trim())) return ["docker", "compose"];
  const binary = join(cache(), "docker-compose");
  if (!existsSync(binary)) await report("docker compose", () => build(binary));
  return [binary];
}

function cache(): string {
  const key = createHash("sha256");
  for (const file of readdirSync(MODULE).sort()) key.update(readFileSync(join(MODULE, file)));
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(base, "agatha", `compose-${key.digest("hex").slice(0, 24)}`);
}

async function build(binary: string): Promise<string> {
  const go = which("go") ?? which("go", GO_FOLDER);
  if (go === undefined)
    throw new Stop(`bench: there is no docker compose and no Go on PATH or in ${GO_FOLDER}. Install either.`);
  const version = new RegExp(`${PACKAGE} (v\\S+)`).exec(readFileSync(join(MODULE, "go.mod"), "utf8"))?.[1];
  const folder = join(binary, "..");
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "building-"));
  try {
    const built = join(work, "docker-compose");
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false"];
    const link = ["-ldflags", `-s -w -X ${PACKAGE}/internal.Version=${version}`];
    const env = { ...process.env, CGO_ENABLED: "0" };
    const args = ["build", ...flags, ...link, "-o", built, `${PACKAGE}/cmd`];
    const { code, output } = await run(go, args, { cwd: MODULE, env });
    if (code !== 0) throw new Stop(`bench: building docker compose failed:\n${lastLines(output, 20)}`);
    // Renamed in one step: whoever sees it sees all of it.
    renameSync(built, binary);
    return `Docker Compose ${version}, built from Go modules`;
  } finally {
    rmSync(work, { recursive: true });
  }
}
