/** The whole program, with the answers of Nix and of the docker host replaced. */
import * as pulumi from "@pulumi/pulumi";
import { vi } from "vitest";
import type { Config } from "../../lib/config/schema.ts";
import type { Applied } from "../../lib/database/migrations/schemaHistory.ts";
import type { UpgradeAhead } from "../../lib/database/upgrade/ahead.ts";
import { type ImagePlan, imageRef, pinnedImage } from "../../lib/images/plan.ts";
import { listen, only, type Registered, record } from "./recorder.ts";

/** A store hash of one letter. */
export const hash = (letter: string) => letter.repeat(32);

/** Nix's metadata of the images. */
export const meta = {
  back: {
    name: "agatha-back-image",
    tag: hash("b"),
    alias: "latest",
    attribute: "back-image",
    drvPath: "/nix/store/b.drv",
    inputs: {
      jar: "sha256:1",
      migrations: { "V1__a.sql": "sha256:2" },
      flyway: "10.20.1",
      packages: "debian",
    },
  },
  front: {
    name: "agatha-front-image",
    tag: hash("f"),
    alias: "latest",
    attribute: "front-image",
    drvPath: "/nix/store/f.drv",
    inputs: { dist: "sha256:3", packages: "debian" },
  },
  db: {
    name: "agatha-db-image",
    tag: hash("d"),
    alias: "13.14-host",
    attribute: "db-image",
    drvPath: "/nix/store/d.drv",
    inputs: { postgresql: "13.14", packages: "debian" },
  },
  gateway: {
    name: "agatha-gateway-image",
    tag: hash("g"),
    alias: "latest",
    attribute: "gateway-image",
    drvPath: "/nix/store/g.drv",
    inputs: { haproxy: "2.6.12", packages: "debian" },
  },
};

const planned = vi.hoisted(() => ({ for: [] as string[], refusedFor: "" }));
vi.mock("../../lib/images/evaluate.ts", async (original) => ({
  ...(await original<typeof import("../../lib/images/evaluate.ts")>()),
  planImages: ({ back, front }: Config, system: string) => {
    planned.for.push(system);
    if (system === planned.refusedFor) return Promise.reject(new Error(`nothing for ${system}`));
    return Promise.resolve({
      ...meta,
      ...(back.pin === undefined ? {} : { back: pinnedImage("back", back.pin) }),
      ...(front.pin === undefined ? {} : { front: pinnedImage("front", front.pin) }),
    });
  },
}));
const presence = vi.hoisted(() => ({ of: new Map<string, string>() }));
vi.mock("../../lib/images/presence.ts", async (original) => ({
  ...(await original<typeof import("../../lib/images/presence.ts")>()),
  probeImages: () => Promise.resolve(presence.of),
}));
vi.mock("../../lib/images/jar/unfitJar.ts", async (original) => ({
  ...(await original<typeof import("../../lib/images/jar/unfitJar.ts")>()),
  refuseUnfitJar: ({ back }: Config) => {
    looked.at.push(back.jar);
  },
}));
const looked = vi.hoisted(() => ({ at: [] as string[] }));
const running = vi.hoisted(() => ({ of: new Map<string, unknown>() }));
vi.mock("../../lib/docker/deployedContainers.ts", async (original) => ({
  ...(await original<typeof import("../../lib/docker/deployedContainers.ts")>()),
  askDeployed: () => Promise.resolve((service: string) => running.of.get(service) ?? "unknown"),
  askDatabase: () => Promise.resolve(undefined),
}));
vi.mock("../../lib/docker/swarm/services.ts", async (original) => ({
  ...(await original<typeof import("../../lib/docker/swarm/services.ts")>()),
  askServices: () => Promise.resolve((service: string) => running.of.get(service) ?? "unknown"),
}));
const swarm = vi.hoisted(() => ({ refusal: undefined as string | undefined }));
vi.mock("../../lib/docker/swarm/fitness.ts", async (original) => {
  const { UserError } = await import("../../lib/userError.ts");
  return {
    ...(await original<typeof import("../../lib/docker/swarm/fitness.ts")>()),
    refuseUnfitSwarm: () =>
      swarm.refusal === undefined ? Promise.resolve() : Promise.reject(new UserError(swarm.refusal)),
  };
});
const engine = vi.hoisted(() => ({
  answer: { engine: "ENGINE" } as { engine: string; system?: string } | { words: string },
}));
vi.mock("../../lib/docker/daemon.ts", () => ({ askDaemon: () => Promise.resolve(engine.answer) }));
const early = vi.hoisted(() => ({ built: [] as string[] }));
const builder = vi.hoisted(() => ({ askedFor: [] as string[] }));
vi.mock("../../lib/images/builder.ts", () => ({
  refuseWithoutBuilder: (system: string) => Promise.resolve(builder.askedFor.push(system)),
  buildEarly: (images: ImagePlan[]) => void early.built.push(...images.map(imageRef)),
}));
const history = vi.hoisted(() => ({ of: [] as Applied[] }));
vi.mock("../../lib/database/migrations/checkInPreview.ts", async (original) => ({
  ...(await original<typeof import("../../lib/database/migrations/checkInPreview.ts")>()),
  askHistory: () => Promise.resolve(history.of),
}));
// Each run of the program would add listeners to the one output of this process.
vi.mock("../../lib/runtime/endWithEngine.ts", () => ({ endWithEngine: () => {} }));
const ahead = vi.hoisted(() => ({
  upgrade: undefined as UpgradeAhead | undefined,
  refusal: undefined as string | undefined,
}));
vi.mock("../../lib/database/upgrade/ahead.ts", async () => {
  const { UserError } = await import("../../lib/userError.ts");
  return {
    lookForUpgrade: () =>
      ahead.refusal === undefined
        ? Promise.resolve(ahead.upgrade)
        : Promise.reject(new UserError(ahead.refusal)),
  };
});
vi.mock("../../lib/docker/ports.ts", async (original) => ({
  ...(await original<typeof import("../../lib/docker/ports.ts")>()),
  refuseTakenPorts: () => Promise.resolve(),
}));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const readFileSync = (path: string, encoding: BufferEncoding) => {
    if (path === "sample/migrations/V1__a.sql") return Buffer.from("CREATE TABLE a (id int);\n");
    return path === "sample/logback.xml" ? "<configuration/>" : fs.readFileSync(path, encoding);
  };
  return { ...fs, existsSync: () => true, readFileSync };
});

/** What steps print. */
const printed = {
  of: (_name: string): { stdout?: string; stderr?: string } => ({
    stdout: "ref is in docker already, 0.0 MB",
    stderr: '{"sizeBytes":42}',
  }),
};

/**
 * The docker host's answers, the upgrade that lies ahead, for which systems Nix and its builder were asked, which
 * jars were inspected, and which images Nix was to build early. A test that changes one resets it.
 */
export const answers = {
  printed,
  presence,
  running,
  engine,
  ahead,
  history,
  planned,
  builder,
  looked,
  swarm,
  early,
};

export const COMMAND = "command:local:Command";
export const PASSWORD = "s3cret'pass";

/**
 * Runs the program.
 *
 * @param stash The docker host of an earlier update.
 */
export async function program(more: Record<string, string> = {}, preview = false, stash?: object) {
  vi.resetModules();
  const config = { "agatha:packages": "debian", "agatha:databasePassword": PASSWORD, ...more };
  const registered = record({
    ...{ config, preview },
    outputs: (name) => printed.of(name),
    ...(stash === undefined ? {} : { stash }),
  });
  const requests = listen();
  const outputs = (await import("../../index.ts")) as typeof import("../../index.ts");
  await pulumi.runtime.disconnect();
  return { registered, outputs, requests };
}

/** The name of a service's container in the program. */
export const containerName = (service: string): string =>
  service === "back" || service === "front" ? `agatha-dev-${service}` : `${service}-container`;

/** The inputs of a service's container. */
export const containerOf = (registered: Registered[], service: string): Registered["inputs"] =>
  only(registered, "docker:index/container:Container", containerName(service));

/** How many resources other than components the default stack has. */
export const RESOURCES = 29;

/** Resources other than components, as `type name`. */
export const custom = (registered: Registered[]) =>
  registered.filter(({ type }) => !type.startsWith("agatha:")).map(({ type, name }) => `${type} ${name}`);
