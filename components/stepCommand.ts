/** Steps: programs in `steps/` that Command resources run. */
import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { type Deployed, isFormerDeployed } from "../lib/docker/deployedContainers.ts";

/** Without a path of this machine, so that a stack deployed from two machines shows no difference. */
const commandOf = (program: string): string => `node steps/${program}.ts`;

interface StepArgs extends Omit<command.local.CommandArgs, "create" | "environment"> {
  /** Its program, and the one that is run when the resource is deleted (default: none). */
  step: string;
  undo?: string;
  /** Pulumi leaves out what is undefined. */
  environment: Record<string, pulumi.Input<string> | undefined>;
  /** The docker host that the configuration names. Default: the environment's, as for pulumi. */
  dockerHost: string | undefined;
  again?: ReturnType<typeof runAgain>;
}

/** Registers a step. What it prints to standard output is shown as it runs, unless `logging` says otherwise. */
export function registerStep(
  name: string,
  { step, undo, environment, dockerHost, again, ...inputs }: StepArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  const variables = { ...environment, ...again?.environment, DOCKER_HOST: dockerHost };
  return new command.local.Command(
    name,
    {
      create: commandOf(step),
      delete: undo && commandOf(undo),
      environment: variables as Record<string, pulumi.Input<string>>,
      logging: "stdout",
      ...inputs,
    },
    { ignoreChanges: again?.ignoreChanges, ...opts },
  );
}

/** A moment, for `runAgain`: differs from every earlier value, also from that of an update that failed. */
export const now = (): string => new Date().toISOString();

/** For `runAgain`, if the container that the state has is gone: when that was seen, and what serves if a former one does. */
export function goneAt(deployed: Deployed | undefined): string | undefined {
  if (isFormerDeployed(deployed)) return `${now()} ${deployed}`;
  return deployed === "absent" ? now() : undefined;
}

/**
 * Makes a step run again although nothing else changed: while the value is set, Pulumi compares the variable, and those in `also`.
 * Without a value it ignores them: the state may still have one from an earlier update, which is no reason to run.
 */
export const runAgain = (variable: string, value: string | undefined, also: string[] = []) =>
  value === undefined
    ? { environment: {}, ignoreChanges: [variable, ...also].map((name) => `environment.${name}`) }
    : { environment: { [variable]: value }, ignoreChanges: [] };
