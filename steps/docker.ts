/** The docker client, as the steps use it. `DOCKER_HOST` and docker's context decide which daemon answers. */
import { type Result, run, StepError } from "./process.ts";

/** @throws StepError in docker's words where it fails. */
export async function docker(args: string[], stdin?: string | Buffer): Promise<string> {
  const result = await run("docker", args, stdin);
  if (result.code !== 0) throw new StepError(dockerError(args, result));
  return result.stdout.trim();
}

/** A sentence for a failed docker command; an absent daemon is told from everything else. */
export function dockerError(args: string[], { code, stderr }: Pick<Result, "code" | "stderr">): string {
  const words = stderr.trim() || `it ended with ${code} and said nothing`;
  if (/cannot connect to the docker daemon|error during connect|is the docker daemon running/i.test(words))
    return `docker: ${words.split("\n").at(-1)} Start the daemon (\`npm run doctor\` tells how), or set agatha:dockerHost.`;
  return `docker ${args[0]}: ${words}`;
}

/** What `docker inspect` says of one thing, or undefined where the daemon has no such thing. */
export async function inspect<T>(
  kind: "image" | "container",
  name: string,
  format: string,
): Promise<T | undefined> {
  const args = [kind, "inspect", "--format", `{{json ${format}}}`, name];
  const result = await run("docker", args);
  if (result.code === 0) return JSON.parse(result.stdout) as T;
  if (/no such (image|container|object)/i.test(result.stderr)) return undefined;
  throw new StepError(dockerError(args, result));
}
