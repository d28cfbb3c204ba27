/** Images that were pruned or pinned, and the history of what ran. */
import { describe, expect, it, vi } from "vitest";
import { imageRef } from "../../lib/images/plan.ts";
import legacyState from "../support/legacyState.json" with { type: "json" };
import { only, settled } from "../support/recorder.ts";
import {
  answers,
  COMMAND,
  containerOf,
  custom,
  environmentOf,
  hash,
  meta,
  program,
  RESOURCES,
} from "../support/stackProgram.ts";

// Some run the program several times, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const { presence, looked, printed, early } = answers;

describe("an image's size", () => {
  const sizes = async (outputs: typeof printed.of) => {
    const { of } = printed;
    printed.of = outputs;
    const { images } = (await program()).outputs;
    printed.of = of;
    return Promise.all(["db", "back", "front"].map((name) => settled(images[name as "db"].sizeBytes)));
  };

  it("is the one that its build hands on", async () => {
    const stdout = "… is in docker already, 0.0 MB (99 bytes)";
    expect(await sizes(() => ({ stdout, stderr: '{"sizeBytes":42}\n' }))).toEqual([42, 42, 42]);
  });

  it("stays in a stack of before, whose builds do not run again", async () => {
    const before = (name: string) =>
      legacyState.resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs ?? {};
    expect(await sizes(before)).toEqual([81_880_261, 74_087_254, 116_853_569]);
  });
});

describe("an image that was pruned", () => {
  it("is built and loaded again, and no other", async () => {
    presence.of = new Map([
      [`agatha-back-image:${hash("b")}`, "absent"],
      [`agatha-front-image:${hash("f")}`, "present"],
    ]);
    const { registered } = await program();
    presence.of = new Map();
    expect(environmentOf(registered, "back-image-build")["ABSENT_AT"]).toMatch(/^\d{4}-/);
    expect(environmentOf(registered, "front-image-build")).not.toHaveProperty("ABSENT_AT");
    expect(environmentOf(registered, "db-image-build")).not.toHaveProperty("ABSENT_AT");
  });
});

describe("the jar", () => {
  const lookedAt = async (of: [string, string][], more?: Record<string, string>) => {
    looked.at = [];
    presence.of = new Map(of);
    await program(more, true);
    presence.of = new Map();
    return looked.at;
  };
  const ref = `agatha-back-image:${hash("b")}`;

  it("is checked in previews too, unless docker has its image: without a change, nothing is loaded for it", async () => {
    expect(await lookedAt([[ref, "absent"]])).toEqual(["sample/back/target/agatha-back.jar"]);
    expect(await lookedAt([])).toHaveLength(1);
    expect(await lookedAt([[ref, "present"]])).toEqual([]);
    expect(await lookedAt([], { "agatha:back": JSON.stringify({ pin: hash("a") }) })).toEqual([]);
  });
});

describe("what docker lacks", () => {
  const builtEarly = async (preview: boolean) => {
    early.built = [];
    presence.of = new Map(
      Object.values(meta).map((one) => [
        imageRef(one),
        one.name === "agatha-back-image" ? "absent" : "present",
      ]),
    );
    await program({}, preview);
    presence.of = new Map();
    return early.built;
  };

  it("is built by Nix while an update still starts, and nothing else; a preview builds nothing", async () => {
    expect(await builtEarly(false)).toEqual([imageRef(meta.back)]);
    expect(await builtEarly(true)).toEqual([]);
  });
});

describe("a pinned back", () => {
  const pin = hash("a");
  const pinned = { "agatha:back": JSON.stringify({ pin: pin }) };

  it("runs the pinned ref, and nothing is built", async () => {
    const { registered, outputs } = await program(pinned);
    expect(custom(registered)).toHaveLength(RESOURCES);
    const ref = `agatha-back-image:${pin}`;
    expect(containerOf(registered, "back")["image"]).toBe(ref);
    expect(only(registered, COMMAND, "back-image-build")["triggers"]).toEqual([{ ref, pinned: true }]);
    expect(environmentOf(registered, "back-image-build")).toEqual({
      ALIASES: "agatha-back-image:latest",
      KEPT_AS: `agatha-back-image:kept-dev-${pin}`,
      PIN_ABSENT: expect.stringContaining("agatha:back.pin") as string,
      REF: ref,
    });
    expect(outputs.images.back).toMatchObject({ ref, drvPath: undefined });
    // The others are built as they were.
    expect(environmentOf(registered, "front-image-build")).toHaveProperty("OUT_LINK");
  });

  it("makes the migration step leave the schema as it is", async () => {
    const { registered } = await program(pinned);
    expect(environmentOf(registered, "db-schema-migrations")["PINNED"]).toBe("agatha:back.pin");
    expect(only(registered, COMMAND, "db-schema-migrations")["triggers"]).toEqual([
      { database: "db-container-id" },
    ]);
  });

  it("that docker does not have is refused, if docker answers", async () => {
    presence.of = new Map([[`agatha-back-image:${pin}`, "absent"]]);
    await expect(program(pinned)).rejects.toThrow(
      `agatha:back.pin: "${pin}" is not in docker any more, as agatha-back-image. Pin one that is there`,
    );
    presence.of = new Map();
    expect(custom((await program(pinned, true)).registered)).toHaveLength(RESOURCES);
  });
});

describe("the history", () => {
  const history = async (more: Record<string, string>) =>
    only((await program(more)).registered, COMMAND, "history");

  it("gets what is deployed, and no secret", async () => {
    const { environment, stdin, addPreviousOutputInEnv, triggers } = await history({
      "agatha:front": JSON.stringify({ pin: hash("a") }),
    });
    expect(environment).toEqual({ KEEP: "5", STACK: "dev" });
    expect(JSON.parse(String(stdin))).toEqual({
      db: { ref: `agatha-db-image:${hash("d")}`, inputs: meta.db.inputs },
      back: { ref: `agatha-back-image:${hash("b")}`, inputs: meta.back.inputs },
      front: { ref: `agatha-front-image:${hash("a")}`, pinned: true, inputs: {} },
      gateway: { ref: `agatha-gateway-image:${hash("g")}`, inputs: meta.gateway.inputs },
    });
    expect(addPreviousOutputInEnv).toBe(true);
    // A replacement would be handed no former list.
    expect(triggers).toBeUndefined();
  });

  it("keeps as many generations as configured", async () => {
    expect((await history({ "agatha:keep": "2" }))["environment"]).toMatchObject({ KEEP: "2" });
  });
});
