/** Docker Compose: the machine's own if it has version 2, else built from Go modules and kept for next time. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lib/process.ts";
import { report } from "../../lib/progress.ts";
import { type GoTool, goTool, goToolPath } from "../support/goTool.ts";

const PACKAGE = "github.com/docker/compose/v2";

/** The command line that Docker Compose begins with. */
export async function composeTool(): Promise<string[]> {
  const { code, output } = await run("docker", ["compose", "version", "--short"], { optional: true });
  if (code === 0 && /^v?([2-9]|\d\d)\./.test(output.trim())) return ["docker", "compose"];
  const module = join(import.meta.dirname, "compose");
  const version = new RegExp(`${PACKAGE} (v\\S+)`).exec(readFileSync(join(module, "go.mod"), "utf8"))?.[1];
  const tool: GoTool = {
    name: "bench: docker compose",
    module,
    package: `${PACKAGE}/cmd`,
    binary: "docker-compose",
    variables: [`${PACKAGE}/internal.Version=${version}`],
  };
  const build = async () => {
    await goTool(tool);
    return `Docker Compose ${version}, built from Go modules`;
  };
  if (!existsSync(goToolPath(tool))) await report("docker compose", build);
  return [goToolPath(tool)];
}
