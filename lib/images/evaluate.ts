/** Asks Nix what the images would be, without building any. */
import { readdirSync } from "node:fs";
import { z } from "zod";
import application from "../../nix/application.json" with { type: "json" };
import type { Config } from "../config/schema.ts";
import { endedWith, type Result, run, tail } from "../process.ts";
import type { RollingName, ServiceName } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import { nixArguments, ownSentence } from "./nix.ts";
import { type ImageMeta, type ImagePlan, imageMeta, pinnedImage } from "./plan.ts";

const metas = z.object({ db: imageMeta, back: imageMeta, front: imageMeta, gateway: imageMeta });

/** Time limits, in seconds: a hundred times what was measured (0.1 to 0.7 s). Without set-up, nixpkgs is downloaded first. */
const LIMITS = { nixpkgs: 600, debian: 60 };

/** What decides each image and differs from nix/application.json, by its keys: `nix/default.nix` overrides them with it. */
export function applicationOf(config: Config) {
  const { jar, migrations, port, java, modules, javaOptions } = config.back;
  const { dist, spa } = config.front;
  return {
    back: section("back", { jar, migrations, port, java, modules, javaOptions }),
    front: section("front", { dist, port: config.front.port, spa }),
    db: section("database", { version: config.database.version, image: config.database.image }),
    // Nothing: its configuration is in a volume.
    gateway: {},
  };
}

function section(name: keyof typeof application, values: Record<string, unknown>): Record<string, object> {
  const defaults: Record<string, unknown> = application[name];
  const other = Object.entries(values).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key]),
  );
  return other.length === 0 ? {} : { [name]: Object.fromEntries(other) };
}

/** What a stack is to run: pinned images, and the others made of the files. */
export type StackImages = Record<RollingName, ImagePlan> & Record<"db" | "gateway", ImageMeta>;

/**
 * Evaluates the images that are not pinned: a pinned one needs no jar, no dist and no Nix.
 * @param system What they are built for. Default: that of `nixArguments`.
 * @param instantiate Whether to put their derivations into Nix's store, for `buildEarly`. Default: no.
 * @throws UserError by nix/application.nix, `oddName` or `nixError`.
 */
export async function planImages(config: Config, system?: string, instantiate = false): Promise<StackImages> {
  const { back, front } = config;
  if (back.pin === undefined && front.pin === undefined)
    return metas.parse(await evaluate(config, "meta", system, instantiate));
  const evaluated = async (name: ServiceName) =>
    imageMeta.parse(await evaluate(config, `meta.${name}`, system, instantiate));
  const [backImage, frontImage, db, gateway] = await Promise.all([
    back.pin === undefined ? evaluated("back") : pinnedImage("back", back.pin),
    front.pin === undefined ? evaluated("front") : pinnedImage("front", front.pin),
    evaluated("db"),
    evaluated("gateway"),
  ]);
  return { back: backImage, front: frontImage, db, gateway };
}

async function evaluate(
  config: Config,
  attribute: string,
  system: string | undefined,
  instantiate: boolean,
): Promise<unknown> {
  const { back, front, db } = applicationOf(config);
  const overrides = JSON.stringify({ ...back, ...front, ...db });
  const which = nixArguments(config.packages, overrides, system);
  const write = instantiate ? ["--read-write-mode"] : [];
  const args = ["--eval", "--strict", "--json", ...write, "-A", attribute, ...which];
  const limit = LIMITS[config.packages];
  const result = await run("nix-instantiate", args, { timeout: limit * 1000 });
  const failed = result.code !== 0;
  const own = failed ? ownSentence(result.stderr) : undefined;
  const error = own ?? oddName(config) ?? (failed ? nixError(result, limit) : undefined);
  if (error !== undefined) throw new UserError(error);
  return JSON.parse(result.stdout);
}

/** The message for a file name that is not UTF-8: newer versions of Nix fail obscurely, older ones at the build. */
function oddName({ back, front }: Config): string | undefined {
  const folders = {
    ...(front.pin === undefined && { "front.dist": front.dist }),
    ...(back.pin === undefined && { "back.migrations": back.migrations }),
  };
  for (const [key, folder] of Object.entries(folders)) {
    const name = namesIn(folder).find((path) => path.includes("\ufffd"));
    if (name !== undefined)
      return `agatha:${key}: ${JSON.stringify(folder)} holds ${JSON.stringify(name.replaceAll("\ufffd", "?"))}, whose name is not UTF-8. Rename it.`;
  }
  return undefined;
}

/** The names below a folder; none if it cannot be read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

/** The message for a failed evaluation that none of our own files explains. @param limit The time limit, in seconds. */
export function nixError(result: Pick<Result, "code" | "stderr" | "timedOut">, limit: number): string {
  if (result.timedOut)
    return `nix: evaluating the images took longer than its limit of ${limit} s and was stopped. Run \`npm run setup\`, which fetches what it needs, and see that front.dist and back.migrations hold only what is shipped; then run this again.`;
  const lines = tail(result.stderr, 20) || `nix-instantiate ${endedWith(result)} and printed nothing.`;
  return `nix: the images could not be evaluated:\n${lines}\nFix what the last line names; \`npm run doctor\` says whether Nix is well.`;
}
