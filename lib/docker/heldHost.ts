/** Keeps a stack on the docker host that it was made on, and by the name that it was made by. */

import * as pulumi from "@pulumi/pulumi";
import { renamed, volumeOf } from "../database/volumes.ts";
import { UserError } from "../userError.ts";
import { askEngine } from "./engine.ts";
import { hostSentence } from "./errors.ts";
import { type DockerHost, unreachedNote } from "./host.ts";
import { otherSystem, SYSTEMS } from "./system.ts";

/** A docker host as the stack's state keeps it. */
export interface HeldHost {
  /** The engine's id, which stays the same by whichever address it is reached. */
  engine: string;
  /** The address that it was first reached by. */
  address: string;
  /** What its images are built for: `x86_64-linux`; undefined where it did not say. */
  system?: string | undefined;
  /** The stack's name, from which those of its containers and volumes derive; undefined in the state of an older stack. */
  stack?: string | undefined;
}

/** What is known of a stack's docker host. */
export interface Host {
  /** Whether its engine answers; in an update it does. */
  reached: boolean;
  /** What images are to be built for, as the host says, or said when the stack was made; undefined where it never did. */
  system: string | undefined;
}

/**
 * Finds out which engine answers, and refuses one that is not the stack's. The stack's own is kept in its state by a
 * Stash, which gives back the value of the update that made it; so this holds in previews too, on any backend.
 *
 * @param major PostgreSQL's version, by which the stack's volume is named.
 * @throws UserError where another engine answers, or one whose containers are for no system of ours, in an update where
 * none does, and where the stack was renamed.
 */
export async function holdHost(host: DockerHost, major: number): Promise<Host> {
  const preview = pulumi.runtime.isDryRun();
  const answer = await askEngine(host, preview);
  if ("words" in answer) {
    const away =
      hostSentence(answer.words, host.address) ?? `docker: ${host.address} does not answer: ${answer.words}.`;
    if (!preview) throw new UserError(away);
    void pulumi.log.info(`${away} ${unreachedNote(host)}`);
  }
  const { engine, system } = "engine" in answer ? answer : { engine: "", system: undefined };
  if (system !== undefined && !SYSTEMS.includes(system))
    throw new UserError(otherSystem(host.address, system));
  const name = pulumi.getStack();
  const input: HeldHost = { engine, address: host.address, ...(system && { system }), stack: name };
  const stash = new pulumi.Stash("docker-host", { input }, { ignoreChanges: ["input"] });
  const held = await new Promise<HeldHost>((resolve) => stash.output.apply(resolve));
  if (held.stack !== undefined && held.stack !== name)
    throw new UserError(renamed(name, held.stack, volumeOf(`agatha-${held.stack}-db-data`, major)));
  if (engine !== "" && held.engine !== "" && held.engine !== engine)
    throw new UserError(otherHost(host.address, held.address, name));
  return { reached: engine !== "", system: system ?? held.system };
}

/** The sentence for a host that is not the stack's. */
export function otherHost(address: string, held: string, stack: string): string {
  const what =
    address === held
      ? `agatha:dockerHost: at "${address}" answers another docker engine than the one that stack "${stack}" runs on.`
      : `agatha:dockerHost: "${address}" is not the docker host that stack "${stack}" runs on, which is "${held}".`;
  return `${what} Set it back, or move the stack as docs/remote-hosts.md tells (backup, destroy, set, up, restore).`;
}
