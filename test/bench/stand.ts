/** Everything that a run of the bench stands up, and its removal: all of it carries the scratch stack's name. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ofStack } from "../../lib/docker/arguments.ts";
import { run, tail } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";
import { removeLeftovers } from "../checks/leftovers.ts";
import { goTool } from "../support/goTool.ts";
import { freePort } from "../support/host.ts";
import { Scratch } from "../support/scratch.ts";
import { SwarmStack } from "../support/swarmStack.ts";
import { DockerCounter, daemonSocket } from "./counter.ts";
import { plainResources } from "./plain.ts";
import { Project, programOf } from "./project.ts";
import type { Deployment } from "./results.ts";
import { DockerfileStack, type RivalArgs, SeedStack } from "./rivals.ts";

export class Stand {
  readonly scratch: Scratch;
  readonly counter: DockerCounter;
  private readonly removals: (() => Promise<unknown> | unknown)[] = [];

  private constructor(scratch: Scratch, socket: string) {
    this.scratch = scratch;
    this.counter = new DockerCounter(scratch.folder, socket);
    // All of the run goes through the counter, so that the provider's host is the same from update to update.
    scratch.env["DOCKER_HOST"] = this.counter.host;
  }

  /** A scratch stack, nothing of it up yet. */
  static async make(): Promise<Stand> {
    const socket = daemonSocket();
    const testRun = `bench-${randomBytes(2).toString("hex")}`;
    process.env["AGATHA_TEST_RUN"] = testRun;
    const stand = new Stand(await Scratch.make(), socket);
    stand.removals.push(
      () => stand.scratch.remove(),
      () => removeLeftovers(testRun, process.env),
      () => stand.counter.close(),
    );
    await stand.counter.listen();
    return stand;
  }

  /** Brings the product's stack up, or up again. */
  up = (): Promise<void> => this.pulumi("up", "--yes", "--skip-preview");

  async pulumi(...args: string[]): Promise<void> {
    const { code, output } = await this.scratch.pulumi(args);
    if (code !== 0) throw new UserError(`bench: pulumi ${args[0]} ended with ${code}:\n${tail(output, 30)}`);
  }

  /** A Pulumi project beside the product's. @param env With the engine and the state. Default: the same ones. */
  async project(
    name: string,
    part: string,
    program: string,
    config = {},
    env = this.scratch.env,
  ): Promise<Project> {
    const stack = `${this.scratch.stack}-${part}`;
    const project = await Project.make(name, stack, program, config, env);
    this.removals.unshift(
      () => removeLeftovers(stack.replace(/^test-/, ""), process.env),
      () => project.remove(),
    );
    return project;
  }

  /** A program with the docker resources of our stack as it is now, and nothing else of ours. */
  async plain(): Promise<Project> {
    const { stack } = this.scratch;
    const { output } = await this.scratch.pulumi(["stack", "export"]);
    const resources = plainResources(output, stack, `${stack}-plain`);
    return this.project("agatha-plain", "plain", programOf("plainContainers.ts"), {
      "bench:plain": resources,
    });
  }

  get ours(): Deployment {
    return { ...urlsAndFiles(this.scratch), deploy: this.up };
  }

  /** The stack that is up on a swarm of one node, a temporary docker host. Needs root. */
  async swarm(): Promise<Deployment & { scratch: Scratch }> {
    const { scratch, remove } = await SwarmStack.make(1);
    this.removals.unshift(remove);
    return { scratch, ...urlsAndFiles(scratch), deploy: async () => void (await scratch.upWell()) };
  }

  /** Path of the program that writes our image of a service. */
  image = (service: string): string => join(".state", "gcroots", this.scratch.stack, `${service}-image`);

  /** Digests of the layers of the image that a service runs. */
  layers = async (service: string): Promise<string[]> => {
    const [image = ""] = await this.imageOf(service);
    const list = await this.scratch.docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image);
    return JSON.parse(list.join("")) as string[];
  };

  /** The seed's recipe and the Dockerfiles, both up. */
  async rivals(): Promise<{ seed: SeedStack; dockerfile: DockerfileStack }> {
    const compose = await composeTool();
    const [databaseImage = ""] = await this.imageOf("db");
    const seed = new SeedStack(await this.rivalArgs("seed", compose, databaseImage));
    const dockerfile = new DockerfileStack(await this.rivalArgs("dockerfile", compose, databaseImage));
    this.removals.unshift(seed.down, dockerfile.down, this.removeBuilt);
    await seed.start();
    const [backImage = ""] = await this.imageOf("back");
    await dockerfile.start(backImage);
    return { seed, dockerfile };
  }

  private imageOf(service: string): Promise<string[]> {
    return this.scratch.docker("ps", ...ofStack(this.scratch.stack, service), "--format", "{{.Image}}");
  }

  private async rivalArgs(way: string, compose: string[], databaseImage: string): Promise<RivalArgs> {
    const { stack, folder, migrations, password } = this.scratch;
    mkdirSync(join(folder, way));
    const buildx = await run("docker", ["buildx", "version"]);
    return {
      name: `agatha-${stack}-${way}`,
      stack,
      folder: join(folder, way),
      ports: { back: await freePort(), front: await freePort() },
      databaseImage,
      password,
      compose,
      migrations,
      // Without buildx there is only docker's own builder.
      env: { ...this.scratch.env, ...(buildx.code === 0 ? {} : { DOCKER_BUILDKIT: "0" }) },
    };
  }

  /** The Dockerfiles' images and bases, and what builds left without a name; what those are made of goes with them. */
  private removeBuilt = async (): Promise<void> => {
    const { stack } = this.scratch;
    const named = ["--filter", `reference=${stack}-*`, "--format", "{{.Repository}}:{{.Tag}}"];
    const nameless = ["--filter", `label=agatha.stack=${stack}`, "--filter", "dangling=true", "--quiet"];
    for (const which of [nameless, named]) {
      const images = await this.scratch.docker("image", "ls", ...which);
      if (images.length > 0) await run("docker", ["image", "rm", "--force", ...images]);
    }
  };

  /** Removes everything, whatever of it fails to be removed. @throws the last failure. */
  async remove(): Promise<void> {
    let failure: unknown;
    for (const removal of this.removals.splice(0)) {
      try {
        await removal();
      } catch (error) {
        failure = error;
      }
    }
    if (failure !== undefined) throw failure;
  }
}

const urlsAndFiles = ({ jar, dist, backUrl, frontUrl }: Scratch) => ({ jar, dist, backUrl, frontUrl });

/** The command line that Docker Compose begins with: the machine's own from version 2 on, else built from Go modules. */
async function composeTool(): Promise<string[]> {
  const { code, output } = await run("docker", ["compose", "version", "--short"], { optional: true });
  if (code === 0 && /^v?([2-9]|\d\d)\./.test(output.trim())) return ["docker", "compose"];
  return [await goTool("docker-compose")];
}
