/** The whole program, but for Nix, and for what a docker host would answer: that is set here. */
import * as pulumi from "@pulumi/pulumi";
import { vi } from "vitest";
import { pinnedImage } from "../../components/imagePlan.ts";
import type { Applied } from "../../components/schemaHistory.ts";
import type { Config } from "../../config.ts";
import { type Registered, record } from "./recorder.ts";

/** A store hash of one letter. */
export const hash = (letter: string) => letter.repeat(32);

/** What Nix says of the images. */
export const meta = {
  back: {
    name: "agatha-back-image",
    tag: hash("b"),
    alias: "latest",
    attribute: "back-image",
    drvPath: "/nix/store/b.drv",
    inputs: { jar: "sha256:1", migrations: { "V1__a.sql": "sha256:2" }, flyway: "10.20.1", packages: "host" },
  },
  front: {
    name: "agatha-front-image",
    tag: hash("f"),
    alias: "latest",
    attribute: "front-image",
    drvPath: "/nix/store/f.drv",
    inputs: { dist: "sha256:3", packages: "host" },
  },
  db: {
    name: "agatha-db-image",
    tag: hash("d"),
    alias: "13.14-host",
    attribute: "db-image",
    drvPath: "/nix/store/d.drv",
    inputs: { postgresql: "13.14", packages: "host" },
  },
};

const planned = vi.hoisted(() => ({ for: [] as string[], refusedFor: "" }));
vi.mock("../../components/evaluate.ts", async (original) => ({
  ...(await original<typeof import("../../components/evaluate.ts")>()),
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
vi.mock("../../components/probeImages.ts", async (original) => ({
  ...(await original<typeof import("../../components/probeImages.ts")>()),
  probeImages: () => Promise.resolve(presence.of),
}));
vi.mock("../../components/unfitJar.ts", async (original) => ({
  ...(await original<typeof import("../../components/unfitJar.ts")>()),
  refuseUnfitJar: ({ back }: Config) => {
    looked.at.push(back.jar);
  },
}));
const looked = vi.hoisted(() => ({ at: [] as string[] }));
const running = vi.hoisted(() => ({ of: new Map<string, unknown>() }));
vi.mock("../../components/deployed.ts", () => ({ askDeployed: () => Promise.resolve(running.of) }));
const engine = vi.hoisted(() => ({
  answer: { engine: "ENGINE" } as { engine: string; system?: string } | { words: string },
}));
vi.mock("../../components/askEngine.ts", () => ({ askEngine: () => Promise.resolve(engine.answer) }));
const builder = vi.hoisted(() => ({ askedFor: [] as string[] }));
vi.mock("../../components/builder.ts", () => ({
  refuseWithoutBuilder: (system: string) => Promise.resolve(builder.askedFor.push(system)),
}));
const history = vi.hoisted(() => ({ of: [] as Applied[] }));
vi.mock("../../components/refuseMigrations.ts", async (original) => ({
  ...(await original<typeof import("../../components/refuseMigrations.ts")>()),
  askHistory: () => Promise.resolve(history.of),
}));
// Each program would listen to the one output of this process.
vi.mock("../../components/endWithEngine.ts", () => ({ endWithEngine: () => {} }));
const ahead = vi.hoisted(() => ({
  text: undefined as string | undefined,
  refusal: undefined as string | undefined,
}));
vi.mock("../../components/lookForUpgrade.ts", async () => {
  const { UserError } = await import("../../components/userError.ts");
  return {
    lookForUpgrade: () =>
      ahead.refusal === undefined
        ? Promise.resolve(ahead.text)
        : Promise.reject(new UserError(ahead.refusal)),
  };
});
vi.mock("../../components/ports.ts", async (original) => ({
  ...(await original<typeof import("../../components/ports.ts")>()),
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

/**
 * What the docker host answers, what lies ahead of an upgrade, for which systems Nix and its builder were asked, and
 * which jars were looked at;
 * whoever changes one sets it back.
 */
export const answers = { presence, running, engine, ahead, history, planned, builder, looked };

export const COMMAND = "command:local:Command";
export const PASSWORD = "s3cret'pass";

/**
 * Runs the program.
 *
 * @param stash The docker host that an earlier update has kept.
 */
export async function program(more: Record<string, string> = {}, preview = false, stash?: object) {
  vi.resetModules();
  const config = { "agatha:packages": "host", "agatha:databasePassword": PASSWORD, ...more };
  const stdout = () => "ref is in docker already, 0.0 MB (42 bytes)";
  const registered = record({ config, preview, stdout, ...(stash === undefined ? {} : { stash }) });
  const outputs = (await import("../../index.ts")) as typeof import("../../index.ts");
  await pulumi.runtime.disconnect();
  return { registered, outputs };
}

/** What is no component, as `type name`. */
export const custom = (registered: Registered[]) =>
  registered.filter(({ type }) => !type.startsWith("agatha:")).map(({ type, name }) => `${type} ${name}`);
