/** Asks Nix what the images would be, without building any. */

import { type ExecFileException, execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { z } from "zod";
import application from "../../nix/application.json" with { type: "json" };
import type { Config } from "../config/schema.ts";
import { UserError } from "../userError.ts";
import { nixArguments, ownSentence } from "./nixArguments.ts";
import { type ImageMeta, type ImagePlan, imageMeta, pinnedImage } from "./plan.ts";

const meta = z.object({ back: imageMeta, front: imageMeta, db: imageMeta });

/** The three images, as the files give them. */
export type Meta = z.infer<typeof meta>;

/**
 * Longest time an evaluation may take, in seconds: a hundred times what was measured (0.1 to 0.7 s). The first one with
 * nixpkgs downloads it, where set-up did not run.
 */
const timeLimit = (packages: string) => (packages === "nixpkgs" ? 600 : 60);

/**
 * What of the configuration decides each image, in the keys that `nix/default.nix` lays over nix/application.json: only
 * what differs from that, so that a preview shows no more.
 */
export function applicationOf(config: Config) {
  const { jar, migrations, port, java, modules, javaOptions } = config.back;
  const { dist, spa } = config.front;
  return {
    back: section("back", { jar, migrations, port, java, modules, javaOptions }),
    front: section("front", { dist, port: config.front.port, spa }),
    db: section("database", { version: config.database.version, image: config.database.image }),
  };
}

function section(name: keyof typeof application, values: Record<string, unknown>): Record<string, object> {
  const defaults: Record<string, unknown> = application[name];
  const other = Object.entries(values).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key]),
  );
  return other.length === 0 ? {} : { [name]: Object.fromEntries(other) };
}

/**
 * Evaluates `meta` of `nix/default.nix`; builds nothing, runs no shell, needs no docker.
 *
 * @param system What images are built for. Default: as `nixArguments` has it.
 * @throws UserError in the words of nix/application.nix, `oddName` or `nixError`.
 */
export const evaluateImages = async (config: Config, system?: string): Promise<Meta> =>
  meta.parse(await evaluate(config, "meta", system));

/** What a stack is to run: pinned images as they are pinned, the others as the files give them. */
export interface StackImages {
  back: ImagePlan;
  front: ImagePlan;
  db: ImageMeta;
}

/**
 * Evaluates the images that are not pinned: those that are need no jar, no dist and no Nix.
 *
 * @throws UserError in the words of nix/application.nix, `oddName` or `nixError`.
 */
export async function planImages(config: Config, system: string): Promise<StackImages> {
  const { back, front } = config;
  if (back.pin === undefined && front.pin === undefined) return evaluateImages(config, system);
  const { shape } = meta;
  const [backImage, frontImage, db] = await Promise.all([
    back.pin === undefined
      ? evaluate(config, "meta.back", system).then((value) => shape.back.parse(value))
      : pinnedImage("back", back.pin),
    front.pin === undefined
      ? evaluate(config, "meta.front", system).then((value) => shape.front.parse(value))
      : pinnedImage("front", front.pin),
    evaluate(config, "meta.db", system).then((value) => shape.db.parse(value)),
  ]);
  return { back: backImage, front: frontImage, db };
}

async function evaluate(config: Config, attribute: string, system: string | undefined): Promise<unknown> {
  const { back, front, db } = applicationOf(config);
  const overrides = JSON.stringify({ ...back, ...front, ...db });
  const which = nixArguments(config.packages, overrides, system);
  const args = ["--eval", "--strict", "--json", "-A", attribute, ...which];
  const limit = timeLimit(config.packages);
  const options = { timeout: limit * 1000, maxBuffer: 64 * 1024 * 1024 };
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile("nix-instantiate", args, options, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(new UserError(ownSentence(err) ?? oddName(config) ?? nixError(error, err, limit)));
    });
  });
  const odd = oddName(config);
  if (odd !== undefined) throw new UserError(odd);
  return JSON.parse(stdout);
}

/**
 * A file's name that is not UTF-8, as archives from Windows leave them: newer versions of Nix fail at it, in words of
 * their own; older ones make an image of it that cannot be built.
 */
function oddName({ back, front }: Config): string | undefined {
  for (const [key, folder, pinned] of [
    ["front.dist", front.dist, front.pin],
    ["back.migrations", back.migrations, back.pin],
  ] as const) {
    if (pinned !== undefined) continue;
    const name = namesIn(folder).find((path) => path.includes("\ufffd"));
    if (name !== undefined)
      return `agatha:${key}: ${JSON.stringify(folder)} holds ${JSON.stringify(name.replaceAll("\ufffd", "?"))}, whose name is not UTF-8. Rename it.`;
  }
  return undefined;
}

/** The names below a folder, as far as it can be read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

type Failure = Pick<ExecFileException, "code" | "killed" | "signal">;

/**
 * What a person needs of an evaluation that failed, where none of our own files said it: the limit, or Nix's last lines.
 *
 * @param limit The time it had, in seconds.
 */
export function nixError({ code, killed, signal }: Failure, stderr: string, limit: number): string {
  if (code === "ENOENT")
    return "nix: nix-instantiate is not on PATH. Run `npm run doctor`, or `. scripts/env.sh` before pulumi.";
  if (killed && signal === "SIGTERM")
    return `nix: evaluating the images took longer than its limit of ${limit} s and was stopped. Run \`npm run setup\`, which fetches what it needs, and see that front.dist and back.migrations hold only what is shipped; then run this again.`;
  const lines = stderr.trimEnd().split("\n").slice(-20).join("\n");
  const said = lines || `nix-instantiate ended with ${signal ?? code} and printed nothing.`;
  return `nix: the images could not be evaluated:\n${said}\nMend what the last line names; \`npm run doctor\` tells whether Nix is well.`;
}
