import { describe, expect, it } from "vitest";
import { type ImageMeta, imageRef, migrationsAlias, nixError } from "../../components/evaluate.ts";

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
  });
});

describe("the migrations' alias", () => {
  it("stays with a new jar, so that the migration step does not run", () => {
    expect(migrationsAlias({ ...back, tag: "new", inputs: { ...back.inputs, jar: "sha256:9" } })).toBe(
      migrationsAlias(back),
    );
  });

  it.each([
    ["migration", { migrations: { "V1__a.sql": "sha256:2", "V2__b.sql": "sha256:3" } }],
    ["edited migration", { migrations: { "V1__a.sql": "sha256:4" } }],
    ["Flyway", { flyway: "11.0.0" }],
  ])("changes with a new %s", (_, inputs) => {
    expect(migrationsAlias({ ...back, inputs: { ...back.inputs, ...inputs } })).not.toBe(
      migrationsAlias(back),
    );
  });
});

describe("a failed evaluation", () => {
  it("says our own sentence where there is one, and nothing else", () => {
    const own = 'agatha:back.jar: "x" is not a file. Build it first.';
    expect(nixError(1, `error: ${own}\n\n       at /a/b.nix:1:2:\n`)).toBe(own);
  });

  it("tells that Nix is missing", () => {
    expect(nixError("ENOENT", "")).toMatch(/nix-instantiate is not on PATH\. Run `npm run doctor`/);
  });

  it("shows Nix's last lines otherwise", () => {
    expect(nixError(1, "one\ntwo\nerror: out of memory")).toContain("error: out of memory");
  });
});
