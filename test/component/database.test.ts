/** A later PostgreSQL than the first one. */
import { describe, expect, it } from "vitest";
import { only } from "../support/recorder.ts";
import { answers, COMMAND, hash, program } from "../support/stackProgram.ts";

const { ahead } = answers;

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
