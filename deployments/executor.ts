/** The executor's image, which deployments run in: built, loaded, pushed. */

import { mkdirSync, readFileSync } from "node:fs";
import { knownLayers, load } from "../lib/images/load.ts";
import { ownSentence } from "../lib/images/nixArguments.ts";
import { run, tail } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";

const ATTRIBUTE = "executor-image";

/** Lines of a failed build that are shown. */
const SHOWN_LINES = 30;

export interface ExecutorImage {
  /** `agatha-executor:<tag>`; the tag is the hash of all that is in it. */
  ref: string;
  /** An executable that writes the image to its standard output. */
  program: string;
}

/** The Debian packages that the image is made of with the debian set, beside docker.io, nix-bin and those of the stack. */
export const executorPackages = (): string[] =>
  readFileSync("offline/packages/executor/debian-packages.txt", "utf8").split("\n").filter(Boolean);

/**
 * Builds what is not built yet.
 *
 * @param packages The package set.
 * @param folder Gets a link to the image, which keeps it from the store's garbage collector.
 * @throws UserError in the words of Nix, or of prepare-executor.sh.
 */
export async function buildExecutor(
  packages: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<ExecutorImage> {
  const well = async (program: string, args: string[], what: string): Promise<string> => {
    const { code, output } = await run(program, args, { env });
    if (code === 0) return output;
    throw new UserError(
      ownSentence(output) ?? `${what} failed with ${code}:\n${tail(output.trim(), SHOWN_LINES)}`,
    );
  };
  if (packages === "debian")
    await well("bash", ["offline/packages/prepare-executor.sh"], "the executor's material");
  mkdirSync(folder, { recursive: true });
  const program = `${folder}/${ATTRIBUTE}`;
  const args = ["nix", "--argstr", "packages", packages];
  await well("nix-build", [...args, "-A", ATTRIBUTE, "--out-link", program], `nix-build of ${ATTRIBUTE}`);
  const value = async (name: string): Promise<string> => {
    const asked = ["--eval", "--json", ...args, "-A", `${ATTRIBUTE}.${name}`];
    const said = await well("nix-instantiate", asked, ATTRIBUTE);
    return /^"(.*)"$/m.exec(said)?.[1] ?? "";
  };
  return { ref: `${await value("imageName")}:${await value("imageTag")}`, program };
}

/** Loads the image into the daemon, unless it is there. @returns What was sent. */
export async function loadExecutor({ ref, program }: ExecutorImage, packages: string): Promise<string> {
  const { code } = await run("docker", ["image", "inspect", ref]);
  if (code === 0) return "is in docker already";
  return load({ program, args: [] }, knownLayers(), packages === "debian");
}

/**
 * Pushes the loaded image.
 *
 * @param name `registry.example.com/agatha-executor`, without a tag: the tag is the image's own.
 * @param env `DOCKER_CONFIG` in it says which logins docker has.
 * @returns The name with the digest that the registry has it by.
 * @throws UserError in docker's words.
 */
export async function pushExecutor(
  ref: string,
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (!/^[\w.-]+(:\d+)?(\/[\w.-]+)+$/.test(name))
    throw new UserError(
      `--push: "${name}" is not an image's name without tag. Write it like registry.example.com/agatha-executor.`,
    );
  const remote = `${name}:${ref.split(":")[1]}`;
  await docker(["tag", ref, remote], env);
  const output = await docker(["push", remote], env);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];
  if (digest === undefined)
    throw new UserError(`docker push ${remote}: names no digest. Look at the registry:\n${tail(output, 5)}`);
  return `${name}@${digest}`;
}

async function docker(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { code, output } = await run("docker", args, { env });
  if (code === 0) return output;
  throw new UserError(
    `docker ${args.join(" ")}: failed:\n${tail(output, 5)}\nSee to docker login, or the name.`,
  );
}
