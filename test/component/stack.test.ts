/** The whole program, but for Nix: what it registers, and with which inputs. */
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { machineSystem } from "../../components/dockerSystem.ts";
import { pinnedImage } from "../../components/imagePlan.ts";
import type { Config } from "../../config.ts";
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
  const readFileSync = (path: string, encoding: BufferEncoding) =>
    path === "sample/logback.xml" ? "<configuration/>" : fs.readFileSync(path, encoding);
  return { ...fs, existsSync: () => true, readFileSync };
});

const COMMAND = "command:local:Command";
const PASSWORD = "s3cret'pass";

async function program(more: Record<string, string> = {}, preview = false, stash?: object) {
  vi.resetModules();
  const config = { "agatha:packages": "host", "agatha:databasePassword": PASSWORD, ...more };
  const stdout = () => "ref is in docker already, 0.0 MB (42 bytes)";
  const registered = record({ config, preview, stdout, ...(stash === undefined ? {} : { stash }) });
  const outputs = (await import("../../index.ts")) as typeof import("../../index.ts");
  await pulumi.runtime.disconnect();
  return { registered, outputs };
}

/** In plain text, or in a file's base64. */
function holdsPassword(inputs: Registered["inputs"]): boolean {
  const text = JSON.stringify(inputs);
  const files = [...text.matchAll(/[A-Za-z0-9+/=]{12,}/g)].map(([word]) =>
    Buffer.from(word, "base64").toString(),
  );
  return [text, ...files].some((part) => part.includes(PASSWORD));
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
        "pulumi:index:Stash docker-host",
        "pulumi:providers:docker docker",
        ...["back", "db", "front"].flatMap((name) => [
          `${COMMAND} ${name}-image-build`,
          `docker:index/remoteImage:RemoteImage ${name}-image-loaded`,
          `${COMMAND} ${name}-trial`,
          `docker:index/container:Container ${name}-container`,
          `${COMMAND} ${name}-healthy`,
        ]),
        `${COMMAND} back-files`,
        `${COMMAND} db-schema-migrations`,
        `${COMMAND} db-schema-password`,
        `${COMMAND} history`,
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
    const holders = registered.filter(({ inputs }) => holdsPassword(inputs)).map(({ name }) => name);
    expect(holders.sort()).toEqual(["back-files", "back-trial", "db-schema-password"]);
    for (const name of holders) {
      const { stdin, ...others } = only(registered, COMMAND, name);
      expect(holdsPassword({ stdin }), name).toBe(true);
      expect(holdsPassword(others), name).toBe(false);
    }
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

describe("every container", () => {
  it.each(["db", "back", "front"])("of %s can write to its volumes and tmpfs alone", async (service) => {
    const { registered } = await program();
    expect(only(registered, "docker:index/container:Container", `${service}-container`)).toMatchObject({
      readOnly: true,
      init: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      user: service === "db" ? "999:999" : "65534:65534",
      memory: service === "front" ? 128 : 512,
      cpuPeriod: 100_000,
      cpuQuota: service === "front" ? 100_000 : 200_000,
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      restart: "always",
    });
  });

  it("is ended by its health check when it no longer gets healthy, but for the database's", async () => {
    const { registered } = await program();
    const tests = (service: string) =>
      (
        only(registered, "docker:index/container:Container", `${service}-container`)["healthcheck"] as {
          tests: string[];
        }
      ).tests;
    expect(tests("back")).toEqual([
      ...["CMD", "/bin/agatha-liveness", "3", "60"],
      ...["/bin/agatha-probe", "8000", "/health", "200"],
    ]);
    expect(tests("front").slice(0, 4)).toEqual(["CMD", "/bin/agatha-liveness", "3", "30"]);
    expect(tests("db").slice(0, 2)).toEqual(["CMD", "psql"]);
  });
});

describe("a trial", () => {
  const environment = (registered: Registered[]) =>
    only(registered, COMMAND, "back-trial")["environment"] as Record<string, string>;

  it("is told new limits with a new image alone", async () => {
    running.of = new Map([["agatha-dev-back", { image: "agatha-back-image:older", connected: true }]]);
    const { registered } = await program({ "agatha:back": '{"memory":300}' });
    expect(JSON.parse(environment(registered)["AGATHA_LIMITS"] ?? "")).toEqual({
      memory: 300,
      cpus: 2,
      processes: 512,
    });
    running.of = new Map([["agatha-dev-back", { image: `agatha-back-image:${hash("b")}`, connected: true }]]);
    const same = await program({ "agatha:back": '{"memory":400}' });
    expect(environment(same.registered)).not.toHaveProperty("AGATHA_LIMITS");
    running.of = new Map();
  });

  it("knows neither the published port nor the database's container", async () => {
    const { registered } = await program();
    const before = only(registered, COMMAND, "back-trial");
    const other = await program({ "agatha:back": '{"memory":300,"publish":{"port":9000},"cpus":0.5}' });
    expect(only(other.registered, COMMAND, "back-trial")).toEqual(before);
    expect(JSON.stringify(before)).not.toContain("db-container-id");
  });
});

it("a service that is cut off from the stack's network is connected again, and no other", async () => {
  running.of = new Map<string, unknown>([
    ["agatha-dev-db", { image: "x:y", connected: false }],
    ["agatha-dev-back", { image: "x:y", connected: true }],
    ["agatha-dev-front", "unknown"],
  ]);
  const { registered } = await program();
  running.of = new Map();
  const environment = (name: string) => only(registered, COMMAND, `${name}-healthy`)["environment"];
  expect(environment("db")).toMatchObject({ CUT_OFF: expect.stringMatching(/^agatha-dev-network \d{4}-/) });
  for (const name of ["back", "front"]) expect(environment(name)).not.toHaveProperty("CUT_OFF");
});

describe("a service's files", () => {
  it("are placed again where its container is gone, since their volume may be too", async () => {
    running.of = new Map([["agatha-dev-back", "absent"]]);
    const { registered } = await program();
    running.of = new Map();
    expect(only(registered, COMMAND, "back-files")["environment"]).toHaveProperty("ABSENT_AT");
    const { registered: known } = await program();
    expect(only(known, COMMAND, "back-files")["environment"]).not.toHaveProperty("ABSENT_AT");
  });

  it("outside of its own folder keep what the image has beside them, and so depend on the image", async () => {
    const { registered } = await program({ "agatha:back": '{"files":{"/etc/x.conf":{"text":"x"}}}' });
    expect(only(registered, COMMAND, "back-files")["environment"]).toMatchObject({
      FOLDERS: '[{"path":"/etc","keep":true},{"path":"/home","keep":false}]',
      COURIER: `{"image":"agatha-back-image:${hash("b")}"}`,
    });
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

describe("a pinned back", () => {
  const pin = hash("a");
  const pinned = { "agatha:back.pin": pin };
  const environment = (registered: Registered[], name: string) =>
    only(registered, COMMAND, name)["environment"] as Record<string, string>;

  it("runs by the pinned ref, for which nothing is built", async () => {
    const { registered, outputs } = await program(pinned);
    expect(custom(registered)).toHaveLength(23);
    const ref = `agatha-back-image:${pin}`;
    expect(only(registered, "docker:index/container:Container", "back-container")["image"]).toBe(ref);
    expect(only(registered, COMMAND, "back-image-build")["triggers"]).toEqual([{ ref, pinned: true }]);
    expect(environment(registered, "back-image-build")).toEqual({
      ALIASES: "agatha-back-image:latest",
      KEPT_AS: `agatha-back-image:kept-dev-${pin}`,
      PIN_ABSENT: expect.stringContaining("agatha:back.pin") as string,
      REF: ref,
    });
    expect(outputs.images.back).toMatchObject({ ref, drvPath: undefined });
    // The others are built as they were.
    expect(environment(registered, "front-image-build")).toHaveProperty("OUT_LINK");
  });

  it("is handed to a migration step that leaves a schema as it is", async () => {
    const { registered } = await program(pinned);
    expect(environment(registered, "db-schema-migrations")["PINNED"]).toBe("agatha:back.pin");
    expect(only(registered, COMMAND, "db-schema-migrations")["triggers"]).toEqual([
      { database: "db-container-id" },
    ]);
  });

  it("that docker has not is refused, where docker answers", async () => {
    presence.of = new Map([[`agatha-back-image:${pin}`, "absent"]]);
    await expect(program(pinned)).rejects.toThrow(
      `agatha:back.pin: "${pin}" is not in docker any more, as agatha-back-image. Pin one that is there`,
    );
    presence.of = new Map();
    expect(custom((await program(pinned, true)).registered)).toHaveLength(23);
  });
});

describe("the history", () => {
  const history = async (more: Record<string, string>) =>
    only((await program(more)).registered, COMMAND, "history");

  it("is handed what is deployed, and no secret", async () => {
    const { environment, stdin, addPreviousOutputInEnv, triggers } = await history({
      "agatha:front.pin": hash("a"),
    });
    expect(environment).toEqual({ KEEP: "5", STACK: "dev" });
    expect(JSON.parse(String(stdin))).toEqual({
      db: { ref: `agatha-db-image:${hash("d")}`, inputs: meta.db.inputs },
      back: { ref: `agatha-back-image:${hash("b")}`, inputs: meta.back.inputs },
      front: { ref: `agatha-front-image:${hash("a")}`, pinned: true, inputs: {} },
    });
    expect(addPreviousOutputInEnv).toBe(true);
    // A replacement would be handed no former list.
    expect(triggers).toBeUndefined();
  });

  it("keeps as many generations as it is told", async () => {
    expect((await history({ "agatha:keep": "2" }))["environment"]).toMatchObject({ KEEP: "2" });
  });
});

describe("another major version of PostgreSQL", () => {
  const VERSION_17 = { "agatha:database": '{"version":17}' };

  it("has a volume of its own, and a step that fills it", async () => {
    const { registered } = await program(VERSION_17);
    expect(only(registered, "docker:index/volume:Volume", "db-data")["name"]).toBe("agatha-dev-db-data-17");
    const step = only(registered, COMMAND, "db-upgrade");
    expect(step["create"]).toBe("node steps/upgrade-database.ts");
    expect(step["triggers"]).toEqual([{ version: 17 }]);
    expect(step["environment"]).toEqual({
      CONTAINER: "agatha-dev-db",
      DATABASE_USER: "postgres",
      IMAGE: `agatha-db-image:${hash("d")}`,
      STACK: "dev",
      VERSION: "17",
      VOLUME_BASE: "agatha-dev-db-data",
    });
    const names = registered.map(({ name }) => name);
    expect(names.indexOf("db-upgrade")).toBeLessThan(names.indexOf("db-data"));
    for (const image of ["back", "front", "db"])
      expect(names.indexOf(`${image}-image-loaded`), image).toBeLessThan(names.indexOf("db-upgrade"));
    const { volumes } = only(registered, "docker:index/container:Container", "db-container");
    expect(volumes).toContainEqual({
      volumeName: "agatha-dev-db-data-17",
      containerPath: "/var/lib/postgresql/data",
    });
  });

  it("says what lies ahead, where something does", async () => {
    ahead.text = "PostgreSQL 13 => 17, about 12 s";
    const { registered } = await program(VERSION_17, true);
    ahead.text = undefined;
    expect(only(registered, COMMAND, "db-upgrade")["environment"]).toMatchObject({
      AHEAD: "PostgreSQL 13 => 17, about 12 s",
    });
  });

  it("asks for its image where nixpkgs pulls it", async () => {
    await expect(program({ ...VERSION_17, "agatha:packages": "nixpkgs" })).rejects.toThrow(
      "agatha:database.image: is missing for PostgreSQL 17. Give the name, digest and hash of an image of it (docs/postgresql-major.md).",
    );
  });
});

describe("in a preview", () => {
  it("every image ref is known, and the same is registered", async () => {
    const { registered } = await program({}, true);
    expect(custom(registered)).toHaveLength(23);
    expect(only(registered, "docker:index/container:Container", "front-container")["image"]).toBe(
      `agatha-front-image:${hash("f")}`,
    );
  });
});

describe("the docker host's system", () => {
  const AWAY = { words: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" };
  const here = machineSystem();
  const other = here === "x86_64-linux" ? "aarch64-linux" : "x86_64-linux";
  const systems = (registered: Registered[]) =>
    registered.filter(({ name }) => name.endsWith("-image-build")).map(({ inputs }) => SYSTEM(inputs));
  const SYSTEM = (inputs: Registered["inputs"]) =>
    (inputs["environment"] as Record<string, string>)["SYSTEM"];
  beforeEach(() => {
    planned.for.length = builder.askedFor.length = 0;
  });
  afterEach(() => {
    engine.answer = { engine: "ENGINE" };
    planned.refusedFor = "";
    vi.unstubAllEnvs();
  });

  it("is this machine's where it says nothing else: the images are evaluated once", async () => {
    for (const answer of [{ engine: "ENGINE" }, { engine: "ENGINE", system: here }]) {
      engine.answer = answer;
      const { registered } = await program();
      expect(planned.for.splice(0)).toEqual([here]);
      expect(systems(registered)).toEqual([here, here, here]);
    }
  });

  it("is what images are built for, whatever is wrong for this machine's, and is kept with the stack", async () => {
    engine.answer = { engine: "ENGINE", system: other };
    planned.refusedFor = here;
    const { registered } = await program();
    expect(planned.for).toEqual([here, other]);
    expect(systems(registered)).toEqual([other, other, other]);
    expect(builder.askedFor).toEqual([other]);
    expect(only(registered, "pulumi:index:Stash", "docker-host")).toEqual({
      input: { engine: "ENGINE", address: "unix:///var/run/docker.sock", system: other },
    });
  });

  it("tells what is wrong for this machine's where that is the host's", async () => {
    planned.refusedFor = here;
    await expect(program()).rejects.toThrow(`nothing for ${here}`);
  });

  it("is known in a preview without the host, once the stack is made", async () => {
    engine.answer = AWAY;
    const held = { engine: "ENGINE", address: "ssh://user@host", system: other };
    expect(systems((await program({}, true, held)).registered)).toEqual([other, other, other]);
    // A stack of before, and one that is not made yet.
    for (const stash of [{ engine: "ENGINE", address: "ssh://user@host" }, undefined])
      expect(systems((await program({}, true, stash)).registered)).toEqual([here, here, here]);
  });

  it("is another one where the environment asks for that, which is told", async () => {
    vi.stubEnv("AGATHA_SYSTEM", other);
    engine.answer = { engine: "ENGINE", system: here };
    const said = vi.spyOn(pulumi.log, "info").mockResolvedValue();
    const { registered } = await program();
    expect(planned.for).toEqual([other]);
    expect(systems(registered)).toEqual([other, other, other]);
    expect(said.mock.calls.flat()).toEqual([
      `AGATHA_SYSTEM: images are built for ${other}, and the docker host is ${here}: it has to emulate that. Unset it to build for the host.`,
    ]);
  });

  it.each([
    ["a preview", true],
    ["an update", false],
  ])("is refused in %s where no image is built for it", async (_, preview) => {
    engine.answer = { engine: "ENGINE", system: "x86_64-windows" };
    await expect(program({ "agatha:dockerHost": "ssh://user@host" }, preview)).rejects.toThrow(
      "docker: ssh://user@host runs containers of x86_64-windows, and images are built for x86_64-linux or aarch64-linux. Set agatha:dockerHost to another host.",
    );
  });

  it("is refused for want of an image of PostgreSQL, which is pinned for x86_64", async () => {
    engine.answer = { engine: "ENGINE", system: "aarch64-linux" };
    const nixpkgs = { "agatha:packages": "nixpkgs" };
    await expect(program(nixpkgs)).rejects.toThrow(
      "agatha:database.image: the one that is pinned is for x86_64-linux, and the docker host is aarch64-linux. Set one for that system, as docs/platforms.md tells.",
    );
    const image = { name: "postgres", digest: `sha256:${"1".repeat(64)}`, hash: `sha256-${"A".repeat(43)}=` };
    const own = { ...nixpkgs, "agatha:database": JSON.stringify({ image }) };
    expect(systems((await program(own)).registered)).toEqual(Array(3).fill("aarch64-linux"));
  });
});

describe("the stack's docker host", () => {
  const held = { engine: "OTHER", address: "ssh://user@first" };
  afterEach(() => {
    engine.answer = { engine: "ENGINE" };
    ahead.refusal = undefined;
  });

  it("is kept with the stack", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:index:Stash", "docker-host")).toEqual({
      input: { engine: "ENGINE", address: "ssh://user@host" },
    });
  });

  it.each([
    ["an update", false],
    ["a preview", true],
  ])("cannot be another one in %s, before anything else is registered", async (_, preview) => {
    const more = { "agatha:dockerHost": "ssh://user@host" };
    await expect(program(more, preview, held)).rejects.toThrow(
      'agatha:dockerHost: "ssh://user@host" is not the docker host that stack "dev" runs on, which is "ssh://user@first". Set it back, or move the stack',
    );
  });

  it("may be reached by another address", async () => {
    engine.answer = { engine: "OTHER" };
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" }, false, held);
    expect(custom(registered)).toHaveLength(23);
  });

  it("is not needed for a preview", async () => {
    engine.answer = {
      words: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    };
    expect(custom((await program({}, true, held)).registered)).toHaveLength(23);
  });

  it("ends an update in a sentence where it is away, whatever else is not known then", async () => {
    engine.answer = {
      words: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    };
    ahead.refusal = "docker volume ls: no answer";
    await expect(program({}, false, held)).rejects.toThrow(
      "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Start the daemon",
    );
  });

  it("is told apart from another before anything that the other says counts", async () => {
    ahead.refusal = "the data is newer";
    const more = { "agatha:dockerHost": "ssh://user@host" };
    await expect(program(more, false, held)).rejects.toThrow("is not the docker host that stack");
    await expect(program()).rejects.toThrow("the data is newer");
  });
});

describe("configuration", () => {
  it("hands a docker host to the provider and to every command alike", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:providers:docker", "docker")["host"]).toBe("ssh://user@host");
    const commands = registered.filter(({ type }) => type === COMMAND);
    expect(commands).toHaveLength(13);
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

  it("tells the provider of no context and no certificates, which it would look for by itself", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:providers:docker", "docker")).toEqual({
      host: "ssh://user@host",
      context: "",
      certPath: "",
    });
  });

  it("hands a registry to every build, and its password by standard input alone", async () => {
    const given = { address: "host:5000", username: "me", password: "hush-hush" };
    const { registered, outputs } = await program({ "agatha:registry": JSON.stringify(given) });
    for (const name of ["back", "front", "db"]) {
      const { environment, stdin } = only(registered, COMMAND, `${name}-image-build`);
      expect(JSON.parse((environment as Record<string, string>)["REGISTRY"] ?? "")).toEqual({
        address: "host:5000",
        repository: "agatha",
        username: "me",
        insecure: false,
      });
      // A secret, as the engine knows it by its signature.
      expect(stdin).toEqual({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: "hush-hush",
      });
    }
    const holders = registered.filter(({ inputs }) => JSON.stringify(inputs).includes("hush-hush"));
    expect(holders).toHaveLength(3);
    expect(await settled(outputs.images.back.sizeBytes)).toBe(42);
    expect(await pulumi.isSecret(outputs.images.back.sizeBytes)).toBe(false);
  });

  it("says where another host publishes on every address", async () => {
    const { outputs } = await program({
      "agatha:dockerHost": "ssh://user@host",
      "agatha:back": '{"publish":{"address":"0.0.0.0","port":8000}}',
    });
    expect(outputs.backUrl).toBe("http://host:8000");
  });

  it("publishes the database where it is asked to", async () => {
    const { outputs } = await program({ "agatha:database": '{"publish":{"port":4321}}' });
    expect(outputs.databaseUrl).toBe("postgresql://postgres@127.0.0.1:4321/docker_agatha_db");
  });

  it("lays the front's files over its dist", async () => {
    const { registered } = await program({ "agatha:front": '{"files":{"properties.js":{"text":"x"}}}' });
    const { stdin, environment } = only(registered, COMMAND, "front-files");
    // A secret on its way to the engine is wrapped.
    expect(JSON.parse((stdin as { value: string }).value)).toEqual([
      { path: "/overlay/properties.js", content: Buffer.from("x").toString("base64"), mode: "0400" },
    ]);
    expect(environment).toMatchObject({
      FOLDERS: '[{"path":"/overlay","keep":false}]',
      OWNER: "65534:65534",
      COURIER: '{"container":"agatha-dev-db"}',
    });
    expect(only(registered, "docker:index/container:Container", "front-container")).toMatchObject({
      command: ["/bin/agatha-front", "--overlay", "/overlay"],
    });
  });

  it("that is wrong ends the program in sentences", async () => {
    await expect(program({ "agatha:back": '{"port":0}' })).rejects.toThrow(
      "agatha:back.port: 0 is not a port. Use a whole number from 1 to 65535.",
    );
  });
});
