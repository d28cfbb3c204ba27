/** The whole program, but for Nix: what it registers, and with which inputs. */
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { only, type Registered, record, settled } from "../support/recorder.ts";

const hash = (letter: string) => letter.repeat(32);

const meta = {
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
    root: "/nix/store/f/share/agatha-front",
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

vi.mock("../../components/evaluate.ts", async (original) => ({
  ...(await original<typeof import("../../components/evaluate.ts")>()),
  evaluateImages: () => Promise.resolve(meta),
}));
const presence = vi.hoisted(() => ({ of: new Map<string, string>() }));
vi.mock("../../components/probeImages.ts", () => ({ probeImages: () => Promise.resolve(presence.of) }));
vi.mock("../../components/ports.ts", () => ({ refuseTakenPorts: () => Promise.resolve() }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const readFileSync = (path: string, encoding: BufferEncoding) =>
    path === "sample/logback.xml" ? "<configuration/>" : fs.readFileSync(path, encoding);
  return { ...fs, existsSync: () => true, readFileSync };
});

const COMMAND = "command:local:Command";
const PASSWORD = "s3cret'pass";

async function program(more: Record<string, string> = {}, preview = false) {
  vi.resetModules();
  const config = { "agatha:packages": "host", "agatha:databasePassword": PASSWORD, ...more };
  const registered = record({ config, preview, stdout: () => "ref is in docker already, 0.0 MB (42 bytes)" });
  const outputs = (await import("../../index.ts")) as typeof import("../../index.ts");
  await pulumi.runtime.disconnect();
  return { registered, outputs };
}

const custom = (registered: Registered[]) =>
  registered.filter(({ type }) => !type.startsWith("agatha:")).map(({ type, name }) => `${type} ${name}`);

describe("the stack", () => {
  let registered: Registered[];
  let outputs: typeof import("../../index.ts");
  beforeEach(async () => {
    ({ registered, outputs } = await program());
  });

  it("registers these resources and no other", () => {
    expect(custom(registered).sort()).toEqual(
      [
        "pulumi:providers:docker docker",
        ...["back", "db", "front"].flatMap((name) => [
          `${COMMAND} ${name}-image-build`,
          `docker:index/remoteImage:RemoteImage ${name}-image-loaded`,
          `docker:index/container:Container ${name}-container`,
          `${COMMAND} ${name}-healthy`,
        ]),
        `${COMMAND} db-schema-migrations`,
        `${COMMAND} db-schema-password`,
        "docker:index/network:Network network",
        "docker:index/volume:Volume db-data",
      ].sort(),
    );
  });

  it("reaches docker by its own provider alone, of the host that it was told", () => {
    const inDocker = registered.filter(({ type }) => type.startsWith("docker:"));
    expect(inDocker).toHaveLength(8);
    expect(
      inDocker.filter(({ provider }) => !provider.includes("pulumi:providers:docker::docker::")),
    ).toEqual([]);
  });

  it("runs containers by the refs of their store hashes, never by latest", () => {
    for (const service of ["back", "front", "db"] as const)
      expect(only(registered, "docker:index/container:Container", `${service}-container`)["image"]).toBe(
        `agatha-${service}-image:${meta[service].tag}`,
      );
  });

  it("says in the triggers why an image is built", () => {
    expect(only(registered, COMMAND, "back-image-build")["triggers"]).toEqual([
      { ref: `agatha-back-image:${hash("b")}`, ...meta.back.inputs },
    ]);
  });

  it("tells the build of one image what differs from the defaults, and nothing of the others", async () => {
    const application = (resources: Registered[], name: string) =>
      JSON.parse(
        (only(resources, COMMAND, `${name}-image-build`)["environment"] as Record<string, string>)[
          "APPLICATION"
        ] ?? "",
      ) as unknown;
    expect(application(registered, "front")).toEqual({});
    const changed = await program({ "agatha:front": '{"dist":"/x/dist"}', "agatha:back": '{"java":21}' });
    expect(application(changed.registered, "front")).toEqual({ front: { dist: "/x/dist" } });
    expect(application(changed.registered, "back")).toEqual({ back: { java: 21 } });
    expect(application(changed.registered, "db")).toEqual({});
  });

  it("labels and names everything on the host after the stack", () => {
    for (const { name, inputs } of registered.filter(({ type }) =>
      /container:|network:|volume:/.test(type),
    )) {
      expect(inputs["name"], name).toMatch(/^agatha-dev-/);
      expect(inputs["labels"], name).toContainEqual({ label: "agatha.stack", value: "dev" });
    }
  });

  it("publishes the back and the front on 127.0.0.1, and the database not at all", () => {
    const ports = (name: string) =>
      only(registered, "docker:index/container:Container", `${name}-container`)["ports"];
    expect(ports("back")).toEqual([{ internal: 8000, external: 8000, ip: "127.0.0.1" }]);
    expect(ports("front")).toEqual([{ internal: 5173, external: 5173, ip: "127.0.0.1" }]);
    expect(ports("db")).toEqual([]);
  });

  it("replaces the back with its database", () => {
    const { labels } = only(registered, "docker:index/container:Container", "back-container");
    expect(labels).toContainEqual({ label: "agatha.follows.db", value: "db-container-id" });
  });

  it("gives the password to the back's file and to the password step, and to nothing else", () => {
    const holders = registered
      .filter(({ inputs }) => JSON.stringify(inputs).includes(PASSWORD))
      .map(({ name }) => name);
    expect(holders.sort()).toEqual(["back-container", "db-schema-password"]);
    const { uploads, envs, labels } = only(registered, "docker:index/container:Container", "back-container");
    expect(JSON.stringify(uploads)).toContain(PASSWORD);
    expect(JSON.stringify([envs, labels])).not.toContain(PASSWORD);
  });

  it("has its outputs", async () => {
    expect(outputs.frontUrl).toBe("http://127.0.0.1:5173");
    expect(outputs.backUrl).toBe("http://127.0.0.1:8000");
    expect(outputs.databaseUrl).toBe("postgresql://postgres@agatha-db:5432/docker_agatha_db");
    expect(await pulumi.isSecret(outputs.databasePassword)).toBe(true);
    expect(outputs.images.back.ref).toBe(`agatha-back-image:${hash("b")}`);
    expect(await settled(outputs.images.back.sizeBytes)).toBe(42);
  });
});

describe("an image that was pruned", () => {
  const environment = (registered: Registered[], name: string) =>
    only(registered, COMMAND, `${name}-image-build`)["environment"] as Record<string, string>;

  it("is built and loaded again, and no other", async () => {
    presence.of = new Map([
      [`agatha-back-image:${hash("b")}`, "absent"],
      [`agatha-front-image:${hash("f")}`, "present"],
    ]);
    const { registered } = await program();
    presence.of = new Map();
    expect(environment(registered, "back")["ABSENT_AT"]).toMatch(/^\d{4}-/);
    expect(environment(registered, "front")).not.toHaveProperty("ABSENT_AT");
    expect(environment(registered, "db")).not.toHaveProperty("ABSENT_AT");
  });
});

describe("in a preview", () => {
  it("every image ref is known, and the same is registered", async () => {
    const { registered } = await program({}, true);
    expect(custom(registered)).toHaveLength(17);
    expect(only(registered, "docker:index/container:Container", "front-container")["image"]).toBe(
      `agatha-front-image:${hash("f")}`,
    );
  });
});

describe("configuration", () => {
  it("hands a docker host to the provider and to every command alike", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:providers:docker", "docker")["host"]).toBe("ssh://user@host");
    const commands = registered.filter(({ type }) => type === COMMAND);
    expect(commands).toHaveLength(8);
    for (const { name, inputs } of commands)
      expect(inputs["environment"], name).toMatchObject({ DOCKER_HOST: "ssh://user@host" });
  });

  it("tells the migrations where backups go, and no path of this machine unless it is configured", async () => {
    const environment = async (more: Record<string, string>) =>
      only((await program(more)).registered, COMMAND, "db-schema-migrations")["environment"] as object;
    const plain = await environment({});
    expect(plain).toMatchObject({ BACKUPS_KEEP: "5", MIGRATIONS: '["V1__a.sql"]', STACK: "dev" });
    expect(plain).not.toHaveProperty("BACKUPS_TO");
    expect(JSON.stringify(plain)).not.toContain(process.cwd());
    expect(await environment({ "agatha:backups": '{"to":"/mnt/b","keep":2}' })).toMatchObject({
      BACKUPS_KEEP: "2",
      BACKUPS_TO: "/mnt/b",
    });
  });

  it("publishes the database where it is asked to", async () => {
    const { outputs } = await program({ "agatha:database": '{"publish":{"port":4321}}' });
    expect(outputs.databaseUrl).toBe("postgresql://postgres@127.0.0.1:4321/docker_agatha_db");
  });

  it("lays the front's files over its dist", async () => {
    const { registered } = await program({ "agatha:front": '{"files":{"properties.js":{"text":"x"}}}' });
    expect(only(registered, "docker:index/container:Container", "front-container")["uploads"]).toMatchObject([
      {
        file: "/nix/store/f/share/agatha-front/properties.js",
        content: "x",
        permissions: "0440",
        owner: "65534",
      },
    ]);
  });

  it("that is wrong ends the program in sentences", async () => {
    await expect(program({ "agatha:back": '{"port":0}' })).rejects.toThrow(
      "agatha:back.port: 0 is not a port. Use a whole number from 1 to 65535.",
    );
  });
});
