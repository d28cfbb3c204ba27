import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LISTED } from "../../lib/config/schema.ts";
import {
  decode,
  deployedImages,
  encode,
  type Generation,
  type Inputs,
  keptRefs,
  record,
} from "../../lib/images/generations.ts";
import type { ImageMeta } from "../../lib/images/plan.ts";
import { pinnedImage } from "../../lib/images/plan.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const ref = (service: string, letter: string) => `agatha-${service}-image:${letter.repeat(32)}`;

const meta = (service: string, letter: string, inputs: ImageMeta["inputs"] = {}): ImageMeta => ({
  name: `agatha-${service}-image`,
  tag: letter.repeat(32),
  alias: "latest",
  attribute: `${service}-image`,
  drvPath: "",
  inputs,
});

/** The images of a deployment; the back's is given by a letter, a capital one is pinned. */
function images(back: string, inputs: Inputs = { jar: back }): Generation["images"] {
  const lower = back.toLowerCase();
  const plan = lower === back ? meta("back", lower, inputs) : pinnedImage("back", lower.repeat(32));
  return deployedImages({ db: meta("db", "d"), front: meta("front", "f"), back: plan });
}

const deployed = (backs: string): Generation[] =>
  [...backs].reduce<Generation[]>((list, back, index) => record(list, images(back), `t${index}`), []);
const backs = (list: Generation[]) => list.map(({ images: { back } }) => back.ref.at(-1)).join("");

describe("the list of generations", () => {
  it("gets a generation whenever an image changed, and none for the same images", () => {
    expect(backs(deployed("aabbba"))).toBe("aba");
    expect(deployed("aab").map(({ at }) => at)).toEqual(["t0", "t2"]);
  });

  it("notes a pin of what runs already, as no generation of its own", () => {
    const list = deployed("abB");
    expect(backs(list)).toBe("ab");
    expect(list.at(-1)).toMatchObject({ at: "t1", images: { back: { pinned: true, inputs: { jar: "b" } } } });
    expect(record(list, images("b"), "t").at(-1)?.images.back).not.toHaveProperty("pinned");
  });

  it("knows a pinned image's inputs from before, and none where it was never listed", () => {
    expect(deployed("abA").at(-1)?.images.back).toEqual({
      ref: ref("back", "a"),
      pinned: true,
      inputs: { jar: "a" },
    });
    expect(deployed("aX").at(-1)?.images.back.inputs).toEqual({});
  });

  it(`forgets what is older than ${LISTED} generations`, () => {
    expect(deployed("ab".repeat(LISTED))).toHaveLength(LISTED);
  });

  it("shortens digests", () => {
    const { back } = images("a", { jar: digest("1"), migrations: { "V1__a.sql": digest("2") } });
    expect(back.inputs).toEqual({
      jar: "sha256:111111111111",
      migrations: { "V1__a.sql": "sha256:222222222222" },
    });
  });
});

describe("what a stack keeps", () => {
  const kept = (list: string, keep: number) =>
    [...keptRefs(deployed(list), keep)]
      .filter((name) => name.startsWith("agatha-back"))
      .map((name) => name.at(-1))
      .sort()
      .join("");

  it.each([
    ["abcdef", 1, "f"],
    ["abcdef", 5, "bcdef"],
    ["abcdef", 20, "abcdef"],
    // Going to and fro between two does not push out the others.
    ["abcbcbc", 3, "abc"],
    // What comes back without the pin.
    ["abcA", 1, "ac"],
    ["abcAB", 1, "bc"],
    ["A", 1, "a"],
  ])("after %s with keep %i is %s", (list, keep, expected) => {
    expect(kept(list, keep)).toBe(expected);
  });

  it("has the images of all services", () => {
    expect([...keptRefs(deployed("a"), 1)].sort()).toEqual(
      [ref("back", "a"), ref("db", "d"), ref("front", "f")].sort(),
    );
  });

  it("is nothing where nothing ran", () => {
    expect(keptRefs([], 5).size).toBe(0);
  });
});

describe("the list as text", () => {
  it("comes back as it was, whatever changes between generations", () => {
    // Names of inputs have no slash, those of files may have any character.
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
    const files = fc.dictionary(fc.string({ maxLength: 4 }), fc.string(), { minKeys: 1, maxKeys: 4 });
    const inputs = fc.record(
      { jar: value, port: value, modules: value, migrations: files },
      { requiredKeys: [] },
    );
    const deployment = fc.tuple(fc.constantFrom(..."abcABC"), inputs);
    fc.assert(
      fc.property(fc.array(deployment, { maxLength: 25 }), (deployments) => {
        const list = deployments.reduce<Generation[]>(
          (all, [back, given]) => record(all, images(back, given), `t${all.length}`),
          [],
        );
        expect(sorted(decode(encode(list)))).toEqual(sorted(list));
      }),
    );
  });

  it("holds of a generation what differs from the one before", () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`V${i}__x.sql`, digest("1")]));
    let list = record([], images("a", { jar: digest("1"), migrations: files }), "t0");
    const first = encode(list).length;
    list = record(
      list,
      images("b", { jar: digest("2"), migrations: { ...files, "V301__x.sql": digest("1") } }),
      "t1",
    );
    expect(encode(list).length - first).toBeLessThan(200);
    expect(encode(list)).toContain('"migrations/V301__x.sql":"sha256:111111111111"');
  });

  it("stays below what Linux takes as a variable, with any number of migrations", () => {
    let list: Generation[] = [];
    for (const letter of "abcdfghijk") {
      const files = Object.fromEntries(
        Array.from({ length: 5000 }, (_, i) => [`V${i}__${letter.repeat(100)}.sql`, digest("1")]),
      );
      list = record(list, images(letter, { jar: digest("1"), migrations: files }), "t");
      expect(Buffer.byteLength(encode(list))).toBeLessThan(131_072 - 100);
    }
    expect(list.at(-1)?.images.back.inputs["migrations"]).toMatch(/^5000 files, [0-9a-f]{12}$/);
    // Each of 700 migrations is named still; the list is the shorter for it.
    list = [];
    for (const letter of "abcdfghijk") {
      const files = Object.fromEntries(
        Array.from({ length: 700 }, (_, i) => [`V${i}__${letter}.sql`, digest("1")]),
      );
      list = decode(encode(record(list, images(letter, { migrations: files }), "t"))) ?? [];
      expect(encode(list).length).toBeLessThan(131_072 - 100);
      expect(backs(list).endsWith(letter)).toBe(true);
    }
    expect(list.length).toBeGreaterThan(1);
    expect(list.length).toBeLessThan(10);
  });

  it.each(["", "nothing", "{}", "[{}]", '[{"at":"t","images":{}}]'])("is none: %j", (text) => {
    expect(decode(text)).toBeUndefined();
  });
});

/** Maps with sorted keys: their order tells nothing. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
