/** A later PostgreSQL than the first one. */
import { describe, expect, it } from "vitest";
import { only } from "../support/recorder.ts";
import { answers, COMMAND, containerOf, environmentOf, hash, program } from "../support/stackProgram.ts";

const { ahead, running } = answers;

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
    const { volumes } = containerOf(registered, "db");
    expect(volumes).toContainEqual({
      volumeName: "agatha-dev-db-data-17",
      containerPath: "/var/lib/postgresql/data",
    });
  });

  it("is filled by a server with the stack's own settings", async () => {
    const { registered } = await program({ "agatha:database": '{"version":17,"settings":{"jit":"off"}}' });
    expect(only(registered, COMMAND, "db-upgrade")["environment"]).toMatchObject({
      COMMAND: '["postgres","-c","jit=off"]',
    });
  });

  it("hands on the upgrade that lies ahead, if one does", async () => {
    const upgrade = {
      from: 13,
      to: 17,
      volume: "a",
      into: "b",
      awaySeconds: 12,
      seenAt: "2026-11-28T00:00:00Z",
    };
    ahead.upgrade = upgrade;
    const { registered } = await program(VERSION_17, true);
    ahead.upgrade = undefined;
    expect(JSON.parse(environmentOf(registered, "db-upgrade")["AHEAD"] ?? "")).toEqual(upgrade);
  });

  it("needs its image configured if nixpkgs pulls it", async () => {
    await expect(program({ ...VERSION_17, "agatha:packages": "nixpkgs" })).rejects.toThrow(
      "agatha:database.image: is missing for PostgreSQL 17. Give the name, digest and hash of an image of it (docs/postgresql-major.md).",
    );
  });
});

describe("a database", () => {
  const container = async (database: object) => {
    const { registered } = await program({ "agatha:database": JSON.stringify(database) });
    return {
      ...containerOf(registered, "db"),
      trial: JSON.parse(environmentOf(registered, "db-trial")["TRIAL"] ?? ""),
      processes: environmentOf(registered, "db-healthy")["PROCESSES"],
    } as Record<string, unknown>;
  };

  it("runs the image's own command without settings, and has half of its memory as shared memory", async () => {
    const plain = await container({});
    expect(plain).not.toHaveProperty("command");
    expect(plain).toMatchObject({ memory: 512, shmSize: 256, processes: "256" });
    expect(plain["trial"]).toMatchObject({
      command: [],
      sharedMemory: 256,
      database: { major: 13, name: "docker_agatha_db", user: "postgres" },
    });
    // No less than docker gives to every container.
    expect(await container({ memory: 100 })).toMatchObject({ shmSize: 64 });
    expect(await container({ memory: 4097 })).toMatchObject({ shmSize: 2048 });
  });

  it("has its settings as arguments, in its canary too, and processes for its connections", async () => {
    const command = ["postgres", "-c", "max_connections=300", "-c", "jit=off"];
    const set = await container({ settings: { max_connections: 300, jit: "off" } });
    expect(set).toMatchObject({ command, processes: "456" });
    expect(set["trial"]).toMatchObject({ command });
  });
});

describe("the database's canary", () => {
  it("gets new limits only together with a new image", async () => {
    running.of = new Map([["db", { image: "agatha-db-image:older", connected: true }]]);
    const { registered } = await program({ "agatha:database": '{"memory":300}' });
    expect(JSON.parse(environmentOf(registered, "db-trial")["AGATHA_LIMITS"] ?? "")).toEqual({
      memory: 300,
      cpus: 2,
      processes: 256,
    });
    running.of = new Map([["db", { image: `agatha-db-image:${hash("d")}`, connected: true }]]);
    const same = await program({ "agatha:database": '{"memory":300}' });
    running.of = new Map();
    expect(environmentOf(same.registered, "db-trial")).not.toHaveProperty("AGATHA_LIMITS");
  });

  it("does not run for a published port or other limits", async () => {
    const before = only((await program()).registered, COMMAND, "db-trial");
    const other = await program({ "agatha:database": '{"publish":{"port":9000},"cpus":0.5}' });
    expect(only(other.registered, COMMAND, "db-trial")).toEqual(before);
  });

  it("is the only one: the back and the front have no need of any", async () => {
    const { registered } = await program();
    expect(registered.filter(({ name }) => name.endsWith("-trial")).map(({ name }) => name)).toEqual([
      "db-trial",
    ]);
  });
});
