import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Registry } from "../lib/docker/registry.ts";
import { type ImagePlan, imageRef, isPinned, keptRef, pinAbsent } from "../lib/images/plan.ts";
import type { Presence } from "../lib/images/presence.ts";
import { dockerEnvironment, stepCommand } from "./stepCommand.ts";

export interface NixImageArgs {
  /** What the evaluation said of the image, or which one is pinned. Plain, because its ref has to be known in a preview. */
  meta: ImagePlan;
  /** The package set it is built from. */
  packages: pulumi.Input<string>;
  /** What it is built for: `x86_64-linux`. */
  system: pulumi.Input<string>;
  /** The part of the application that decides this image, as `nix/default.nix` takes it. */
  application: object;
  /** Whether the daemon has it: what was pruned is loaded again. */
  presence: Presence;
  /** Names that it bears beside its ref and the alias for people. Default: none. */
  aliases?: string[];
  /** The docker host that it is loaded into. Default: the environment's. */
  dockerHost?: string | undefined;
  /** The registry that it goes through. Default: none; it is loaded outright. */
  registry?: (Registry & { password?: string | undefined }) | undefined;
}

/**
 * An image that Nix builds and docker holds, under a ref made of its store hash: same inputs, same ref, nothing done.
 * One that is pinned is never built: docker has it, or the update fails.
 *
 * Destroying it keeps the image: images are shared by content and belong to the host.
 */
export class NixImage extends pulumi.ComponentResource {
  /** `name:tag`, known in a preview. */
  public readonly ref: string;
  /** The ref, available once the image is in the daemon. */
  public readonly loaded: pulumi.Output<string>;
  /** Size that docker reports, in bytes. */
  public readonly sizeBytes: pulumi.Output<number>;
  /** The image's derivation; undefined where it is pinned. */
  public readonly drvPath: string | undefined;

  constructor(name: string, args: NixImageArgs, opts?: pulumi.ComponentResourceOptions) {
    // Only what is in docker needs its provider: builds are not to wait until that plugin has started.
    const { provider, ...others } = opts ?? {};
    super("agatha:index:NixImage", name, {}, others);
    const { meta } = args;
    this.ref = imageRef(meta);
    this.drvPath = isPinned(meta) ? undefined : meta.drvPath;

    const { password, registry } = apart(args.registry);

    const build = new command.local.Command(
      `${name}-build`,
      {
        create: stepCommand("build-image"),
        environment: {
          ...source(args),
          ALIASES: [`${meta.name}:${meta.alias}`, ...(args.aliases ?? [])].join(" "),
          KEPT_AS: keptRef(meta, pulumi.getStack()),
          REF: this.ref,
          // Makes the command run again although nothing else changed.
          ...(args.presence === "absent" ? { ABSENT_AT: new Date().toISOString() } : {}),
          ...dockerEnvironment(args.dockerHost),
          ...(registry === undefined ? {} : { REGISTRY: JSON.stringify(registry) }),
        },
        ...(password === undefined ? {} : { stdin: pulumi.secret(password) }),
        // The ref changes when and only when one of the inputs does: they say why.
        triggers: [{ ref: this.ref, ...(isPinned(meta) ? { pinned: true } : meta.inputs) }],
        logging: "stdout",
      },
      {
        parent: this,
        ignoreChanges: args.presence === "absent" ? [] : ["environment.ABSENT_AT"],
        // Where a secret goes in, whatever comes out is kept as one.
        additionalSecretOutputs: password === undefined ? [] : ["stdout", "stderr"],
      },
    );

    const owned = new docker.RemoteImage(
      `${name}-loaded`,
      { name: this.ref, keepLocally: true },
      { parent: this, dependsOn: build, ...(provider === undefined ? {} : { provider }) },
    );

    this.loaded = owned.name;
    this.sizeBytes = pulumi
      .unsecret(build.stdout)
      .apply((line) => Number(/\((\d+) bytes\)$/.exec(line)?.[1]));
    this.registerOutputs({ ref: this.ref, drvPath: this.drvPath, sizeBytes: this.sizeBytes });
  }
}

/** The registry's password goes another way than the rest. */
function apart(given: NixImageArgs["registry"]): { password?: string | undefined; registry?: Registry } {
  if (given === undefined) return {};
  const { password, ...registry } = given;
  return { password, registry };
}

/** Where the image comes from: a build, or a pin. */
function source({ meta, packages, system, application }: NixImageArgs): Record<string, pulumi.Input<string>> {
  if (isPinned(meta)) return { PIN_ABSENT: pinAbsent(meta) };
  return {
    APPLICATION: JSON.stringify(application),
    ATTRIBUTE: meta.attribute,
    // A root of the store for each image that the stack may go back to.
    OUT_LINK: `.state/gcroots/${pulumi.getStack()}/${meta.attribute}-${meta.tag}`,
    PACKAGES: packages,
    SYSTEM: system,
  };
}
