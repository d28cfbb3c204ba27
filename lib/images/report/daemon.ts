/** What the docker daemon has of a stack, and archives from programs. */

import { spawn } from "node:child_process";
import { run, tail } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { type Inspector, readArchive } from "./archive.ts";
import { type Difference, difference } from "./deployed.ts";
import type { Image } from "./model.ts";

/** Reads the image that a program writes to its standard output. */
export async function imageFrom(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  inspector?: Inspector,
): Promise<Image> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      words += error.message;
      resolve(null);
    });
    child.on("close", resolve);
  });
  const image = readArchive(child.stdout, inspector).catch((error: unknown) => error as Error);
  const [code, result] = await Promise.all([ended, image]);
  if (code !== 0)
    throw new UserError(`${[program, ...args].join(" ")} ended with ${code}:\n${tail(words, 10)}`);
  if (result instanceof Error) throw new UserError(`${program}: ${result.message}`);
  return result;
}

/** Bytes that docker reports for an image; undefined where it has no such image, or where no docker answers. */
export async function sizeInDocker(ref: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  const { code, output } = await run("docker", ["image", "inspect", "--format", "{{.Size}}", ref], { env });
  return code === 0 ? Number(output.trim()) : undefined;
}

/** How an image differs from the one that the service's container runs. */
export async function sinceDeployed(
  image: Image,
  stack: string,
  service: string,
  env: NodeJS.ProcessEnv,
): Promise<Difference> {
  const filters = [`label=agatha.stack=${stack}`, `label=agatha.service=${service}`];
  const args = ["ps", "--all", "--quiet", ...filters.flatMap((filter) => ["--filter", filter])];
  const { code, output } = await run("docker", args, { env });
  if (code !== 0)
    return { summary: `not known what is deployed: ${output.trim().split("\n").at(-1)}`, lines: [] };
  const container = output.split("\n").find(Boolean);
  if (container === undefined) return { summary: "not deployed", lines: [] };
  const format = "{{.Image}} {{.Config.Image}}";
  const inspected = await run("docker", ["container", "inspect", "--format", format, container], { env });
  if (inspected.code !== 0) return { summary: "not deployed", lines: [] };
  const [id = "", ref = ""] = inspected.output.trim().split(" ");
  if (ref === image.ref) return { summary: "same as deployed", lines: [] };
  return difference(image, await imageFrom("docker", ["save", id], env), ref);
}
