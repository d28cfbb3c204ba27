import { describe, expect, it } from "vitest";
import type { ImageMeta } from "../../../lib/images/plan.ts";
import { imageRef, keptRef, migrationsAlias, pinnedImage, stackTag } from "../../../lib/images/plan.ts";

const back: ImageMeta = {
  name: "agatha-back-image",
  tag: "abc",
  alias: "latest",
  attribute: "back-image",
  drvPath: "/nix/store/x.drv",
  inputs: { jar: "sha256:1", migrations: { "V1__a.sql": "sha256:2" }, flyway: "10.20.1" },
};

describe("an image", () => {
  it("is known by its store hash", () => {
    expect(imageRef(back)).toBe("agatha-back-image:abc");
    expect(imageRef(pinnedImage("front", "xyz"))).toBe("agatha-front-image:xyz");
  });
});

describe("the name by which a stack keeps an image", () => {
  it("says which stack and which image", () => {
    expect(keptRef(back, "dev")).toBe("agatha-back-image:kept-dev-abc");
  });

  it("fits into docker's 128 characters for any stack name, and differs between long names", () => {
    const [one, two] = ["a".repeat(100), `${"a".repeat(99)}b`];
    for (const name of [keptRef({ ...back, tag: "b".repeat(32) }, one), migrationsAlias(back, one)])
      expect(name.split(":")[1]).toMatch(/^\w[\w.-]{0,127}$/);
    expect(stackTag(one)).not.toBe(stackTag(two));
    expect(stackTag("a".repeat(80))).toBe("a".repeat(80));
  });
});

describe("the migrations' alias", () => {
  it("stays with a new jar, so that the migration step does not run", () => {
    expect(migrationsAlias({ ...back, tag: "new", inputs: { ...back.inputs, jar: "sha256:9" } }, "dev")).toBe(
      migrationsAlias(back, "dev"),
    );
  });

  it("is each stack's own, so that none loses it with another stack's image", () => {
    expect(migrationsAlias(back, "dev")).not.toBe(migrationsAlias(back, "prod"));
  });

  it.each([
    ["migration", { migrations: { "V1__a.sql": "sha256:2", "V2__b.sql": "sha256:3" } }],
    ["edited migration", { migrations: { "V1__a.sql": "sha256:4" } }],
    ["Flyway", { flyway: "11.0.0" }],
  ])("changes with a new %s", (_, inputs) => {
    expect(migrationsAlias({ ...back, inputs: { ...back.inputs, ...inputs } }, "dev")).not.toBe(
      migrationsAlias(back, "dev"),
    );
  });
});
