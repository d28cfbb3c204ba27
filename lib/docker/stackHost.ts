/** Keeps a stack on the docker host that it was made on. */
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../userError.ts";
import { askDaemon } from "./daemon.ts";
import { hostSentence } from "./errors.ts";
import { type DockerHost, unreached } from "./host.ts";
import { SYSTEMS } from "./system.ts";

/** A docker host as the stack's state keeps it. */
export interface HeldHost {
  /** The docker engine's id, which is the same for every address that reaches it. */
  engine: string;
  /** The address that it was first reached by. */
  address: string;
  /** What its images are built for: `x86_64-linux`; undefined if it did not report that. */
  system?: string | undefined;
  /** The stack's name, which the names of its containers and volumes contain; undefined in the state of an older stack. */
  stack?: string | undefined;
  /** `agatha:target`; undefined for docker, as in the state of an older stack. */
  target?: string | undefined;
}

/** What is known about a stack's docker host. */
export interface KnownHost {
  /** Whether its daemon answers; always true in an update. */
  reached: boolean;
  /** What images are to be built for: as the host reports it, or did when the stack was made; undefined if it never did. */
  system: string | undefined;
}

/**
 * Finds out which docker engine answers, and refuses one that is not the stack's. A Stash in the stack's state holds the
 * stack's own: it returns the value of the update that made it, so this works in previews too, and with any backend.
 *
 * @param refuseRenamed Called with the name that the stack was made by, before anything else is compared.
 * @throws UserError if another engine answers, if the stack was made with another target, or if no image is built for the
 * engine's system; in an update also if none answers.
 */
export async function holdHost(
  host: DockerHost,
  target: string,
  refuseRenamed: (madeAs: string) => void,
): Promise<KnownHost> {
  const { engine, system } = await answering(host);
  if (system !== undefined && !SYSTEMS.includes(system))
    throw new UserError(
      `docker: ${host.address} runs containers of ${system}, and images are built for ${SYSTEMS.join(" or ")}. Set agatha:dockerHost to another host.`,
    );
  const stack = pulumi.getStack();
  const input: HeldHost = {
    engine,
    address: host.address,
    ...(system && { system }),
    stack,
    ...(target !== "docker" && { target }),
  };
  const stash = new pulumi.Stash("docker-host", { input }, { ignoreChanges: ["input"] });
  const held = await new Promise<HeldHost>((resolve) => stash.output.apply(resolve));
  refuseRenamed(held.stack ?? stack);
  if (engine !== "" && held.engine !== "" && held.engine !== engine)
    throw new UserError(otherHost(host.address, held.address, stack));
  const heldTarget = held.target ?? "docker";
  // Its database would start beside the one that runs, on the same data.
  if (heldTarget !== target)
    throw new UserError(
      `agatha:target: "${target}" is not what stack "${stack}" runs on, which is "${heldTarget}". Set it back, or take the stack down by \`npm run down\`, which keeps the data, and then run up.`,
    );
  return { reached: engine !== "", system: system ?? held.system };
}

/** The engine is empty if none answers, in a preview. */
async function answering(host: DockerHost): Promise<{ engine: string; system?: string | undefined }> {
  const preview = pulumi.runtime.isDryRun();
  const daemon = await askDaemon(host, preview);
  if ("engine" in daemon) return daemon;
  const why =
    hostSentence(daemon.words, host.address) ?? `docker: ${host.address} does not answer: ${daemon.words}.`;
  if (!preview) throw new UserError(why);
  void pulumi.log.info(`${why} ${unreached(host).note}`);
  return { engine: "" };
}

/** The message for a host that is not the stack's. */
function otherHost(address: string, held: string, stack: string): string {
  const what =
    address === held
      ? `agatha:dockerHost: at "${address}" answers another docker engine than the one that stack "${stack}" runs on.`
      : `agatha:dockerHost: "${address}" is not the docker host that stack "${stack}" runs on, which is "${held}".`;
  return `${what} Set it back, or move the stack as docs/remote-hosts.md describes (backup, destroy, set, up, restore).`;
}
