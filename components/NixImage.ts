import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type ImagePlan, imageRef, isPinned, keptRef, pinAbsent } from "../lib/images/plan.ts";
import type { Presence } from "../lib/images/presence.ts";
import { type Registry, repositoryOf } from "../lib/images/registry.ts";
import { imageFacts } from "../lib/stepFacts.ts";
import { dockerEnvironment, now, runAgain, stepCommand } from "./stepCommand.ts";

export interface NixImageArgs {
  /** The evaluated or pinned image. Plain, because its ref has to be known in a preview. */
  meta: ImagePlan;
  /** The package set it is built from. */
  packages: pulumi.Input<string>;
  /** What it is built for: `x86_64-linux`. */
  system: pulumi.Input<string>;
  /** What differs from nix/application.json, as far as this image depends on it. */
  application: object;
  /** Whether the daemon has it: a pruned image is loaded again. */
  presence: Presence;
  /** Further names, on top of its ref and the alias for people. Default: none. */
  aliases?: string[];
  /** The docker host that it is loaded into. Default: the environment's. */
  dockerHost?: string | undefined;
  /** The registry that it goes through. Default: none, it is loaded directly. */
  registry?: (Registry & { password?: string | undefined }) | undefined;
  /** Whether the registry has to have it, even if docker does. Default: no. */
  byDigest?: boolean;
}

/**
 * An image that Nix builds and docker holds. Its ref contains its store hash: with the same inputs, nothing is done. A pinned
 * image is never built: docker has it, or the update fails.
 *
 * Destroying the component keeps the image, which other stacks with the same content share.
 */
export class NixImage extends pulumi.ComponentResource {
  /** `name:tag`, known in a preview. */
  public readonly ref: string;
  /** The ref, available once the image is in the daemon. */
  public readonly loaded: pulumi.Output<string>;
  /** What every node of a swarm finds it by: its name and digest in the registry with `byDigest`, else docker's id of it. */
  public readonly anywhere: pulumi.Output<string>;
  /** The size that docker reports, in bytes. */
  public readonly sizeBytes: pulumi.Output<number>;
  /** The image's derivation; undefined if it is pinned. */
  public readonly drvPath: string | undefined;

  constructor(name: string, args: NixImageArgs, opts?: pulumi.ComponentResourceOptions) {
    // The provider only for what is in docker: a build must not wait until that plugin has started.
    const { provider, ...others } = opts ?? {};
    super("agatha:index:NixImage", name, {}, others);
    const { meta } = args;
    this.ref = imageRef(meta);
    this.drvPath = isPinned(meta) ? undefined : meta.drvPath;

    // The password goes by standard input, without the rest.
    const { password, ...registry } = args.registry ?? {};
    const again = runAgain("ABSENT_AT", args.presence === "absent" ? now() : undefined);
    const build = new command.local.Command(
      `${name}-build`,
      {
        create: stepCommand("build-image"),
        environment: {
          ...source(args),
          ALIASES: [`${meta.name}:${meta.alias}`, ...(args.aliases ?? [])].join(" "),
          KEPT_AS: keptRef(meta, pulumi.getStack()),
          REF: this.ref,
          ...again.environment,
          ...dockerEnvironment(args.dockerHost),
          ...(args.registry === undefined ? {} : { REGISTRY: JSON.stringify(registry) }),
          ...(args.byDigest ? { BY_DIGEST: "1" } : {}),
        },
        ...(password === undefined ? {} : { stdin: pulumi.secret(password) }),
        // The ref changes if and only if one of the inputs does. A preview shows which.
        triggers: [{ ref: this.ref, ...(isPinned(meta) ? { pinned: true } : meta.inputs) }],
        logging: "stdout",
      },
      {
        parent: this,
        ignoreChanges: again.ignoreChanges,
        // The output of a step with a secret is kept as a secret too.
        additionalSecretOutputs: password === undefined ? [] : ["stdout", "stderr"],
      },
    );

    const owned = new docker.RemoteImage(
      `${name}-loaded`,
      { name: this.ref, keepLocally: true },
      { parent: this, dependsOn: build, ...(provider === undefined ? {} : { provider }) },
    );

    this.loaded = owned.name;
    const { stdout, stderr } = build;
    const facts = pulumi.unsecret(pulumi.output({ stdout, stderr }).apply(imageFacts));
    this.sizeBytes = facts.sizeBytes;
    this.anywhere =
      args.registry !== undefined && args.byDigest
        ? pulumi.interpolate`${repositoryOf(args.registry, meta.name)}@${facts.digest}`
        : owned.imageId;
    this.registerOutputs({ ref: this.ref, drvPath: this.drvPath, sizeBytes: this.sizeBytes });
  }
}

/** What the image is made of, or the pin. */
function source({ meta, packages, system, application }: NixImageArgs): Record<string, pulumi.Input<string>> {
  if (isPinned(meta)) return { PIN_ABSENT: pinAbsent(meta) };
  return {
    APPLICATION: JSON.stringify(application),
    ATTRIBUTE: meta.attribute,
    // Protects each image that the stack may go back to from the store's garbage collector.
    OUT_LINK: `.state/gcroots/${pulumi.getStack()}/${meta.attribute}-${meta.tag}`,
    PACKAGES: packages,
    SYSTEM: system,
  };
}
