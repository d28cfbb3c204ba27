/** The whole program, but for Nix: what it registers, and with which inputs. */
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { only, type Registered, settled } from "../support/recorder.ts";
import {
  answers,
  COMMAND,
  containerOf,
  custom,
  environmentOf,
  hash,
  meta,
  PASSWORD,
  program,
  RESOURCES,
} from "../support/stackProgram.ts";

const { running } = answers;

/** In plain text, or in a file's base64. */
function holdsPassword(inputs: Registered["inputs"]): boolean {
  const text = JSON.stringify(inputs);
  const files = [...text.matchAll(/[A-Za-z0-9+/=]{12,}/g)].map(([word]) =>
    Buffer.from(word, "base64").toString(),
  );
  return [text, ...files].some((part) => part.includes(PASSWORD));
}

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
        ...["back", "db", "front", "gateway"].flatMap((name) => [
          `${COMMAND} ${name}-image-build`,
          `docker:index/remoteImage:RemoteImage ${name}-image-loaded`,
        ]),
        ...["agatha-dev-back", "agatha-dev-front", "db-container", "gateway-container"].map(
          (name) => `docker:index/container:Container ${name}`,
        ),
        ...["back", "db", "front", "gateway"].map((name) => `${COMMAND} ${name}-healthy`),
        ...["back", "front", "gateway"].map((name) => `${COMMAND} ${name}-files`),
        `${COMMAND} db-trial`,
        `${COMMAND} db-schema-migrations`,
        `${COMMAND} db-schema-password`,
        `${COMMAND} gateway-room`,
        `${COMMAND} history`,
        "docker:index/network:Network network",
        "docker:index/volume:Volume db-data",
        "docker:index/volume:Volume gateway-data",
      ].sort(),
    );
  });

  it("reaches docker only through its own provider, with the host that it was given", () => {
    const inDocker = registered.filter(({ type }) => type.startsWith("docker:"));
    expect(inDocker).toHaveLength(11);
    expect(
      inDocker.filter(({ provider }) => !provider.includes("pulumi:providers:docker::docker::")),
    ).toEqual([]);
  });

  it("runs containers by the refs of their store hashes, never by latest", () => {
    for (const service of ["back", "front", "db", "gateway"] as const)
      expect(containerOf(registered, service)["image"]).toBe(`agatha-${service}-image:${meta[service].tag}`);
  });

  it("gives the reasons for a build in its triggers", () => {
    expect(only(registered, COMMAND, "back-image-build")["triggers"]).toEqual([
      { ref: `agatha-back-image:${hash("b")}`, ...meta.back.inputs },
    ]);
  });

  it("gives the build of an image only its own differences from the defaults", async () => {
    const application = (resources: Registered[], name: string) =>
      JSON.parse(environmentOf(resources, `${name}-image-build`)["APPLICATION"] ?? "") as unknown;
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
      // Pulumi makes the names of those of which two can be there at once, after the resource's.
      expect(inputs["name"] ?? name, name).toMatch(/^agatha-dev-/);
      expect(inputs["labels"], name).toContainEqual({ label: "agatha.stack", value: "dev" });
    }
  });

  it("replaces the back with its database", () => {
    const { labels } = containerOf(registered, "back");
    expect(labels).toContainEqual({ label: "agatha.follows.db", value: "db-container-id" });
  });

  it("gives the password to the back's file and to the password step, and to nothing else", () => {
    const holders = registered.filter(({ inputs }) => holdsPassword(inputs)).map(({ name }) => name);
    expect(holders.sort()).toEqual(["back-files", "db-schema-password"]);
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
  it.each(["db", "back", "front", "gateway"])(
    "of %s can write only to its volumes and tmpfs",
    async (service) => {
      const { registered } = await program();
      const small = service === "front" || service === "gateway";
      expect(containerOf(registered, service)).toMatchObject({
        readOnly: true,
        init: true,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        user: service === "db" ? "999:999" : "65534:65534",
        memory: small ? 128 : 512,
        cpuPeriod: 100_000,
        cpuQuota: small ? 100_000 : 200_000,
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
        restart: "always",
      });
    },
  );

  it("is ended by its health check if it stays unhealthy, except the database's", async () => {
    const { registered } = await program();
    const tests = (service: string) =>
      (containerOf(registered, service)["healthcheck"] as { tests: string[] }).tests;
    expect(tests("back")).toEqual([
      ...["CMD", "/bin/agatha-liveness", "3", "60"],
      ...["/bin/agatha-probe", "8000", "/health", "200"],
    ]);
    expect(tests("front").slice(0, 4)).toEqual(["CMD", "/bin/agatha-liveness", "3", "30"]);
    expect(tests("db").slice(0, 2)).toEqual(["CMD", "psql"]);
  });
});

it("a service that was disconnected from the stack's network is connected again, and no other", async () => {
  running.of = new Map<string, unknown>([
    ["db", { image: "x:y", connected: false }],
    ["back", { image: "x:y", connected: true }],
    ["front", "unknown"],
  ]);
  const { registered } = await program();
  running.of = new Map();
  const environment = (name: string) => only(registered, COMMAND, `${name}-healthy`)["environment"];
  expect(environment("db")).toMatchObject({ CUT_OFF: expect.stringMatching(/^agatha-dev-network \d{4}-/) });
  for (const name of ["back", "front"]) expect(environment(name)).not.toHaveProperty("CUT_OFF");
});

describe("a service's files", () => {
  it("outside its own folder keep the image's files beside them, and so depend on the image", async () => {
    const { registered } = await program({ "agatha:back": '{"files":{"/etc/x.conf":{"text":"x"}}}' });
    expect(only(registered, COMMAND, "back-files")["environment"]).toMatchObject({
      FOLDERS: '[{"path":"/etc","keep":true},{"path":"/home","keep":false}]',
      COURIER: `{"image":"agatha-back-image:${hash("b")}"}`,
    });
  });
});

describe("in a preview", () => {
  it("every image ref is known, and the same is registered", async () => {
    const { registered } = await program({}, true);
    expect(custom(registered)).toHaveLength(RESOURCES);
    expect(containerOf(registered, "front")["image"]).toBe(`agatha-front-image:${hash("f")}`);
  });
});
