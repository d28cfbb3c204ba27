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

/** Nix's metadata of an image. */
const image = <T extends object>(name: string, inputs: T, alias = "latest") => ({
  name: `agatha-${name}-image`,
  tag: hash(name.charAt(0)),
  alias,
  attribute: `${name}-image`,
  drvPath: `/nix/store/${name.charAt(0)}.drv`,
  inputs: { ...inputs, packages: "debian" },
});

export const meta = {
  back: image("back", { jar: "sha256:1", migrations: { "V1__a.sql": "sha256:2" }, flyway: "10.20.1" }),
  front: image("front", { dist: "sha256:3" }),
  db: image("db", { postgresql: "13.14" }, "13.14-host"),
  gateway: image("gateway", { haproxy: "2.6.12" }),
};

const state = vi.hoisted(() => ({
  planned: { for: [] as string[], refusedFor: "" },
  presence: { of: new Map<string, string>() },
  looked: { at: [] as string[] },
  running: { of: new Map<string, unknown>() },
  swarm: { refusal: undefined as string | undefined },
  engine: { answer: { engine: "ENGINE" } as { engine: string; system?: string } | { words: string } },
  builder: { askedFor: [] as string[] },
  early: { built: [] as string[] },
  history: { of: [] as Applied[] },
  ahead: { upgrade: undefined as UpgradeAhead | undefined, refusal: undefined as string | undefined },
  /** What steps print. */
  printed: {
    of: (_name: string): { stdout?: string; stderr?: string } => ({
      stdout: "ref is in docker already, 0.0 MB",
      stderr: '{"sizeBytes":42}',
    }),
  },
}));

/**
 * The docker host's answers, the upgrade that lies ahead, for which systems Nix and its builder were asked, which
 * jars were inspected, and which images Nix was to build early. A test that changes one resets it.
 */
export const answers = state;

const { but, unless } = vi.hoisted(() => ({
  /** A module with some functions replaced. */
  but: (more: object) => async (original: () => Promise<object>) => ({ ...(await original()), ...more }),
  /** The answer, unless a user's error is to come in its place. */
  unless: async <T>(refusal: string | undefined, answer: T): Promise<T> => {
    const { UserError } = await import("../../lib/userError.ts");
    if (refusal !== undefined) throw new UserError(refusal);
    return answer;
  },
}));

const deployed = vi.hoisted(
  () => async () => (service: string) => state.running.of.get(service) ?? "unknown",
);
const planImages = vi.hoisted(() => async ({ back, front }: Config, system: string) => {
  state.planned.for.push(system);
  if (system === state.planned.refusedFor) throw new Error(`nothing for ${system}`);
  return {
    ...meta,
    ...(back.pin === undefined ? {} : { back: pinnedImage("back", back.pin) }),
    ...(front.pin === undefined ? {} : { front: pinnedImage("front", front.pin) }),
  };
});
vi.mock("../../lib/images/evaluate.ts", but({ planImages }));
vi.mock("../../lib/images/presence.ts", but({ probeImages: async () => state.presence.of }));
vi.mock(
  "../../lib/images/jar/unfitJar.ts",
  but({ refuseUnfitJar: ({ back }: Config) => void state.looked.at.push(back.jar) }),
);
vi.mock(
  "../../lib/docker/deployedContainers.ts",
  but({ askDeployed: deployed, askDatabase: async () => undefined }),
);
vi.mock("../../lib/docker/swarm/services.ts", but({ askServices: deployed }));
vi.mock(
  "../../lib/docker/swarm/fitness.ts",
  but({ refuseUnfitSwarm: () => unless(state.swarm.refusal, undefined) }),
);
vi.mock("../../lib/docker/daemon.ts", () => ({ askDaemon: async () => state.engine.answer }));
vi.mock("../../lib/images/builder.ts", () => ({
  refuseWithoutBuilder: async (system: string) => state.builder.askedFor.push(system),
  buildEarly: (images: ImagePlan[]) => void state.early.built.push(...images.map(imageRef)),
}));
vi.mock("../../lib/database/migrations/checkInPreview.ts", but({ askHistory: async () => state.history.of }));
// Each run of the program would add listeners to the one output of this process.
vi.mock("../../lib/runtime/endWithEngine.ts", () => ({ endWithEngine: () => {} }));
vi.mock("../../lib/database/upgrade/ahead.ts", () => ({
  lookForUpgrade: () => unless(state.ahead.refusal, state.ahead.upgrade),
}));
vi.mock("../../lib/docker/ports.ts", but({ refuseTakenPorts: async () => {} }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const readFileSync = (path: string, encoding: BufferEncoding) => {
    if (path === "sample/migrations/V1__a.sql") return Buffer.from("CREATE TABLE a (id int);\n");
    return path === "sample/logback.xml" ? "<configuration/>" : fs.readFileSync(path, encoding);
  };
  return { ...fs, existsSync: () => true, readFileSync };
});

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
    outputs: (name) => state.printed.of(name),
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

/** The variables of a step. */
export const environmentOf = (registered: Registered[], name: string): Record<string, string> =>
  only(registered, COMMAND, name)["environment"] as Record<string, string>;

/** How many resources other than components the default stack has. */
export const RESOURCES = 29;

/** Resources other than components, as `type name`. */
export const custom = (registered: Registered[]) =>
  registered.filter(({ type }) => !type.startsWith("agatha:")).map(({ type, name }) => `${type} ${name}`);
