/**
 * A stack that the commit before (ef5037f) deployed, changed and rolled back: what its steps printed is still read.
 * `legacyState.json` is the part of `pulumi stack export` that is looked at.
 */
import { describe, expect, it } from "vitest";
import { type DeployedImages, decode, encode, keptRefs, record } from "../../../lib/images/generations.ts";
import { changesOf } from "../../../lib/previews/changes.ts";
import { describe as describeHistory, recorded } from "../../../lib/stacks/history.ts";
import { healthFacts, imageFacts } from "../../../lib/stepFacts.ts";
import state from "../../support/legacyState.json" with { type: "json" };

const outputsOf = (name: string) => {
  const { stdout, stderr } = state.resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs ?? {};
  return { stdout, stderr };
};
const ref = (image: string, tag: string) => `agatha-${image}-image:${tag}`;
const DB = ref("db", "j9dyz0pgynp9jcln2b0cxmpbr544x0sr");
const [BACK_1, BACK_2] = [
  ref("back", "0y8ba7i5g7x1bwziwf6gf278wx9grjy5"),
  ref("back", "3c4dv0q9p3fay93da4myaji55bvb0yc4"),
];
const [FRONT_1, FRONT_2] = [
  ref("front", "sy7m4wjci5ax69400n5hr0c9j3rzi06z"),
  ref("front", "s97vji0sxc3qlnmyy8q1vbz47xapvyfl"),
];

describe("a stack of before", () => {
  it("has the size of each image", () => {
    const sizes = ["db", "back", "front"].map(
      (name) => imageFacts(outputsOf(`${name}-image-build`)).sizeBytes,
    );
    expect(sizes).toEqual([81_880_261, 74_087_254, 116_853_569]);
  });

  it("has what each service's start took, and how long it was away", () => {
    expect(["db", "back", "front"].map((name) => healthFacts(outputsOf(`${name}-healthy`)))).toEqual([
      { startSeconds: 1.5 },
      { startSeconds: 1, awaySeconds: 1.6 },
      { startSeconds: 0.3, awaySeconds: 0.8 },
    ]);
    const again =
      "agatha-db is connected to agatha-dev-network again, and healthy; its start: healthy after 1.5 s";
    expect(healthFacts({ stdout: again, stderr: "" })).toEqual({ startSeconds: 1.5 });
    expect(healthFacts({ stdout: `${again}, away for 20.0 s` })).toEqual({
      startSeconds: 1.5,
      awaySeconds: 20,
    });
  });

  it("is away in a preview for as long as it was the last time, a back for its database's time and its start", () => {
    const step = (name: string) => ({
      op: "replace",
      urn: `urn:pulumi:facts::agatha::x::${name}`,
      oldState: { outputs: outputsOf(name) },
    });
    const { services } = changesOf(
      "facts",
      ["db", "back"].flatMap((name) => [step(`${name}-container`), step(`${name}-healthy`)]),
    );
    expect(services.map(({ away }) => away)).toEqual([2.3, 3.3, undefined, undefined]);
  });

  it("has its history, in the words of then", () => {
    const shown = describeHistory(recorded(state).history, undefined).map(({ at, images, changes }) => ({
      ...{ at, changes },
      refs: Object.values(images).map((image) => image.ref),
      pinned: images.back.pinned,
    }));
    // As `npm run history -- --json` of then printed it.
    expect(shown).toEqual([
      {
        at: "2026-11-28T18:58:58.321Z",
        changes: ["back: pinned", "back: - V7__facts_seven.sql"],
        refs: [DB, BACK_1, FRONT_2],
        pinned: true,
      },
      {
        at: "2026-11-28T18:58:38.180Z",
        changes: ["back: + V7__facts_seven.sql", "front: ~ dist sha256:4965dee4… => sha256:df0e27e0…"],
        refs: [DB, BACK_2, FRONT_2],
        pinned: false,
      },
      { at: "2026-11-28T18:58:12.419Z", changes: [], refs: [DB, BACK_1, FRONT_1], pinned: false },
    ]);
  });

  it("goes on with its generations, inputs and pin, and is rewritten", () => {
    const { history } = recorded(state);
    expect(decode(encode(history))).toEqual(history);
    expect(history.inputs[BACK_2]).toMatchObject({
      jar: "sha256:9a34578687f5",
      migrations: {
        "V1__create_budget.sql": "sha256:710041ce8d59",
        "V7__facts_seven.sql": "sha256:ade3e1c3c2a8",
      },
    });
    expect([...keptRefs(history, 1)].sort()).toEqual([BACK_1, BACK_2, DB, FRONT_2]);
    const unpinned: DeployedImages = {
      db: { ref: DB, inputs: history.inputs[DB] ?? {} },
      back: { ref: BACK_2, inputs: history.inputs[BACK_2] ?? {} },
      front: { ref: FRONT_2, inputs: history.inputs[FRONT_2] ?? {} },
    };
    const [newest] = describeHistory(record(history, unpinned, "t"), undefined);
    expect(newest?.changes).toEqual(["back: no longer pinned", "back: + V7__facts_seven.sql"]);
  });
});

describe("facts in JSON", () => {
  it("come before what people were shown, whatever else is written around them", () => {
    const stdout = "x is healthy after 99 s, away for 99 s, 1 MB (99 bytes)";
    const stderr = '(node:1) Warning: {odd}\n{"sizeBytes":42}\n(Use `node --trace-warnings ...`)';
    expect(imageFacts({ stdout, stderr })).toEqual({ sizeBytes: 42 });
    expect(healthFacts({ stdout, stderr: '{"startSeconds":1.234}' })).toEqual({ startSeconds: 1.234 });
  });

  it.each(["", "warning", "{odd}"])("are not known from %j", (stderr) => {
    expect(healthFacts({ stdout: "", stderr })).toEqual({});
    expect(imageFacts({ stderr }).sizeBytes).toBeNaN();
  });
});
