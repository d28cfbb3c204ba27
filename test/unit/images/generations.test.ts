import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LISTED } from "../../../lib/config/schema.ts";
import {
  type DeployedImages,
  decode,
  deployedImages,
  encode,
  type History,
  type Inputs,
  keptRefs,
  NO_HISTORY,
  record,
} from "../../../lib/images/generations.ts";
import type { ImageMeta } from "../../../lib/images/plan.ts";
import { pinnedImage } from "../../../lib/images/plan.ts";

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
function images(back: string, inputs: Inputs = { jar: back }): DeployedImages {
  const lower = back.toLowerCase();
  const plan = lower === back ? meta("back", lower, inputs) : pinnedImage("back", lower.repeat(32));
  const [db, front, gateway] = [meta("db", "d"), meta("front", "f"), meta("gateway", "g")];
  return deployedImages({ db, front, back: plan, gateway });
}

const deployed = (backs: string): History =>
  [...backs].reduce((history, back, index) => record(history, images(back), `t${index}`), NO_HISTORY);
const backs = ({ generations }: History) =>
  generations.map(({ images: { back } }) => back.ref.at(-1)).join("");
const newest = ({ generations, inputs }: History) => {
  const back = generations.at(-1)?.images.back;
  return { ...back, inputs: inputs[back?.ref ?? ""] };
};

describe("the history", () => {
  it("gets a generation whenever an image changed, and none for the same images", () => {
    expect(backs(deployed("aabbba"))).toBe("aba");
    expect(deployed("aab").generations.map(({ at }) => at)).toEqual(["t0", "t2"]);
  });

  it("notes a pin of what runs already, as no generation of its own", () => {
    const history = deployed("abB");
    expect(backs(history)).toBe("ab");
    const changes = ["~ jar a => b"];
    expect(history.generations.at(-1)).toMatchObject({
      at: "t1",
      images: { back: { pinned: true, changes } },
    });
    expect(newest(history).inputs).toEqual({ jar: "b" });
    const again = newest(record(history, images("b"), "t"));
    expect(again).not.toHaveProperty("pinned");
    expect(again).toMatchObject({ changes });
  });

  it("knows a pinned image's inputs from before, and none where it was never listed", () => {
    expect(newest(deployed("abA"))).toEqual({
      ref: ref("back", "a"),
      pinned: true,
      changes: ["~ jar b => a"],
      inputs: { jar: "a" },
    });
    expect(newest(deployed("aX"))).toEqual({
      ref: ref("back", "x"),
      pinned: true,
      changes: ["another image, of inputs that are not listed"],
      inputs: undefined,
    });
  });

  it("words what changed, and no more of it than people read", () => {
    const files = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}__x.sql`, "1"]));
    const changes = (before: Inputs, after: Inputs) =>
      newest(record(record(NO_HISTORY, images("a", before), "t"), images("b", after), "t")).changes;
    expect(changes({ jar: "1" }, { jar: "1" })).toEqual(["~ its recipe in nix/"]);
    expect(changes({ migrations: files(1) }, { migrations: files(101) })).toHaveLength(100);
    const many = changes({ migrations: files(1) }, { migrations: files(700) });
    expect(many).toHaveLength(101);
    expect(many?.at(-1)).toBe("and 599 more");
  });

  it(`forgets what is older than ${LISTED} generations`, () => {
    expect(deployed("ab".repeat(LISTED)).generations).toHaveLength(LISTED);
    const { inputs } = deployed(`x${"ab".repeat(LISTED)}`);
    expect(inputs).not.toHaveProperty([ref("back", "x")]);
    expect(inputs).toHaveProperty([ref("back", "a")]);
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
      [ref("back", "a"), ref("db", "d"), ref("front", "f"), ref("gateway", "g")].sort(),
    );
  });

  it("is nothing where nothing ran", () => {
    expect(keptRefs(NO_HISTORY, 5).size).toBe(0);
  });
});

describe("a stack of before the gateway", () => {
  const { gateway, ...others } = images("a");
  const before = record(NO_HISTORY, others, "t0");
  const after = record(before, { ...others, gateway }, "t1");

  it("goes on with its generations", () => {
    expect(after.generations.map(({ images }) => images.gateway)).toEqual([
      undefined,
      { ref: ref("gateway", "g") },
    ]);
    expect(record(after, images("a"), "t2").generations).toHaveLength(2);
  });

  it("comes back from its text, and keeps what it has", () => {
    expect(decode(encode(before))).toEqual(before);
    expect(decode(encode(after))).toEqual(after);
    expect([...keptRefs(before, 1)].sort()).toEqual([ref("back", "a"), ref("db", "d"), ref("front", "f")]);
    expect(keptRefs(after, 1)).toContain(ref("gateway", "g"));
  });
});

describe("the history as text", () => {
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
        const history = deployments.reduce(
          (all, [back, given]) => record(all, images(back, given), `t${all.generations.length}`),
          NO_HISTORY,
        );
        expect(decode(encode(history))).toEqual(history);
      }),
    );
  });

  it("stays below what Linux takes as a variable, with any number of migrations", () => {
    let history = NO_HISTORY;
    for (const letter of "abcdfghijk") {
      const files = Object.fromEntries(
        Array.from({ length: 5000 }, (_, i) => [`V${i}__${letter.repeat(100)}.sql`, digest("1")]),
      );
      history = record(history, images(letter, { jar: digest("1"), migrations: files }), "t");
      expect(Buffer.byteLength(encode(history))).toBeLessThan(131_072 - 100);
    }
    expect(newest(history).inputs?.["migrations"]).toMatch(/^5000 files, [0-9a-f]{12}$/);
  });

  it("leaves out the oldest inputs if it is too long, and keeps the generations", () => {
    let history = NO_HISTORY;
    for (const letter of "abcdfghijk") {
      const files = Object.fromEntries(
        Array.from({ length: 700 }, (_, i) => [`V${i}__${letter}.sql`, digest("1")]),
      );
      history = decode(encode(record(history, images(letter, { migrations: files }), "t"))) ?? NO_HISTORY;
      expect(Buffer.byteLength(encode(history))).toBeLessThan(131_072 - 100);
    }
    expect(backs(history)).toBe("abcdfghijk");
    expect(Object.keys(newest(history).inputs?.["migrations"] ?? {})).toHaveLength(700);
    expect(history.inputs).not.toHaveProperty([ref("back", "a")]);
  });

  it("leaves out the oldest generations if that is not enough", () => {
    let history = NO_HISTORY;
    for (const letter of "abcdfghijklmnop") {
      const files = Object.fromEntries(
        Array.from({ length: 130 }, (_, i) => [`V${i}__${letter.repeat(180)}.sql`, digest("1")]),
      );
      history = decode(encode(record(history, images(letter, { migrations: files }), "t"))) ?? NO_HISTORY;
      expect(Buffer.byteLength(encode(history))).toBeLessThan(131_072 - 100);
      expect(backs(history).endsWith(letter)).toBe(true);
    }
    expect(history.generations.length).toBeGreaterThan(1);
    expect(history.generations.length).toBeLessThan(10);
  });

  it.each([
    "",
    "nothing",
    "null",
    "{}",
    "[{}]",
    '[{"at":"t","images":{}}]',
    '{"generations":[{"at":"t","images":{"gateway":{"ref":"agatha-gateway-image:g"}}}],"inputs":{}}',
    '{"generations":[{}],"inputs":{}}',
  ])("is none: %j", (text) => {
    expect(decode(text)).toBeUndefined();
  });
});
