/** Builds, loads and pushes the executor's image, in which deployments run. */
import { readFileSync } from "node:fs";
import { knownLayers, load } from "../lib/images/load.ts";
import { nixBuild, ownSentence } from "../lib/images/nix.ts";
import { type Env, endedWith, type Result, run, tail } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";

const ATTRIBUTE = "executor-image";

/** Lines of a failed program that are shown. */
const SHOWN_LINES = 30;

export interface ExecutorImage {
  /** `agatha-executor:<tag>`; the tag is the hash of all that is in it. */
  ref: string;
  /** An executable that writes the image to its standard output. */
  program: string;
}

/** The Debian packages that the image is made of with the debian set, besides docker.io, nix-bin and those of the stack. */
export const executorPackages = (): string[] =>
  readFileSync("offline/packages/executor/debian-packages.txt", "utf8").split("\n").filter(Boolean);

/**
 * Builds what is not built yet.
 *
 * @param packages The package set.
 * @param folder Gets a link to the image, which keeps it from the store's garbage collector.
 * @throws UserError with what Nix or prepare-executor.sh said.
 */
export async function buildExecutor(packages: string, folder: string, env: Env): Promise<ExecutorImage> {
  if (packages === "debian") await succeed("bash", ["offline/packages/prepare-executor.sh"], env);
  const program = `${folder}/${ATTRIBUTE}`;
  const args = ["nix", "--argstr", "packages", packages];
  await nixBuild(ATTRIBUTE, program, args, env);
  const names = ["imageName", "imageTag"].flatMap((name) => ["-A", `${ATTRIBUTE}.${name}`]);
  const { stdout } = await succeed("nix-instantiate", ["--eval", "--json", ...args, ...names], env);
  // Nix 2.8 writes one text behind the other, newer versions write lines.
  const [name = "", tag = ""] = [...stdout.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text);
  return { ref: `${name}:${tag}`, program };
}

/** Loads the image into the daemon, unless it is there. @returns What was sent. */
export async function loadExecutor({ ref, program }: ExecutorImage, packages: string): Promise<string> {
  const { code } = await run("docker", ["image", "inspect", ref]);
  if (code === 0) return "is in docker already";
  return load([program, []], knownLayers(), packages === "debian");
}

/**
 * Pushes the loaded image.
 *
 * @param name `registry.example.com/agatha-executor`, without a tag: the tag is the image's own.
 * @param env `DOCKER_CONFIG` in it says which logins docker has.
 * @returns The name with the digest that the registry has it by.
 * @throws UserError with what docker said.
 */
export async function pushExecutor(ref: string, name: string, env: Env = process.env): Promise<string> {
  if (!/^[\w.-]+(:\d+)?(\/[\w.-]+)+$/.test(name))
    throw new UserError(
      `--push: "${name}" is not an image's name without tag. Write it like registry.example.com/agatha-executor.`,
    );
  const remote = `${name}:${ref.split(":")[1]}`;
  await succeed("docker", ["tag", ref, remote], env);
  const { output } = await succeed("docker", ["push", remote], env, "Check `docker login` and the name.");
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];
  if (digest === undefined)
    throw new UserError(`docker push ${remote}: names no digest. Look at the registry:\n${tail(output, 5)}`);
  return `${name}@${digest}`;
}

/** Runs a program that has to end well. @throws UserError with the end of what it said. */
async function succeed(program: string, args: string[], env: Env, fix = ""): Promise<Result> {
  const ended = await run(program, args, { env });
  if (ended.code === 0) return ended;
  const said = tail(ended.output.trim(), SHOWN_LINES);
  throw new UserError(
    ownSentence(ended.output) ??
      `${program} ${args.join(" ")}: ${endedWith(ended)}:\n${said}\n${fix}`.trimEnd(),
  );
}
