import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HostImage, pruning } from "../../../lib/images/pruning.ts";

const HOUR = 3_600_000;
const NOW = 1000 * HOUR;
const tag = (letter: string) => letter.repeat(32);
const ref = (letter: string) => `agatha-back-image:${tag(letter)}`;
const keptBy = (stack: string, letter: string) => `agatha-back-image:kept-${stack}-${tag(letter)}`;
const image = (names: string[], taggedAt = 0): HostImage => ({
  id: names.join(),
  names,
  tagged: new Date(taggedAt).toISOString(),
});
const plan = (images: HostImage[], ...kept: string[]) => pruning(images, "dev", new Set(kept), NOW);
const removed = (images: HostImage[], ...kept: string[]) => plan(images, ...kept).remove;

describe("an image is removed with all its names", () => {
  it.each([
    ["when it has none but the stack's", [keptBy("dev", "a")]],
    ["when no stack keeps it", [ref("a")]],
    ["when the stack keeps it no longer", [ref("a"), keptBy("dev", "a")]],
    [
      "with its aliases",
      [
        ref("a"),
        "agatha-back-image:latest",
        `agatha-back-image:migrations-${tag("0")}`,
        `agatha-back-image:migrations-dev-${tag("0")}`,
      ],
    ],
    ["of the database too", [`agatha-db-image:${tag("a")}`, "agatha-db-image:postgresql-13.14-host"]],
    ["of the gateway too", [`agatha-gateway-image:${tag("a")}`, "agatha-gateway-image:latest"]],
    ["when two refs are the same image", [ref("a"), ref("b"), keptBy("dev", "b")]],
  ])("%s", (_, names) => {
    const { hold, drop, remove } = plan([image(names)]);
    expect(hold).toEqual([]);
    expect([...drop, ...remove.flatMap((one) => one.names)].sort()).toEqual([...names].sort());
    expect(remove.map(({ id }) => id)).toEqual([names.join()]);
  });

  it("where docker does not know when it was tagged", () => {
    for (const tagged of ["0001-01-01T00:00:00Z", ""])
      expect(removed([{ ...image([ref("a")]), tagged }])).toHaveLength(1);
  });
});

describe("an image stays", () => {
  it.each([
    ["that the stack keeps", [ref("a"), keptBy("dev", "a")]],
    ["that another stack keeps", [ref("b"), keptBy("prod", "b")]],
    ["that a stack keeps whose name ends alike", [ref("b"), keptBy("my-dev", "b")]],
    ["that a stack keeps whose name begins alike", [ref("b"), keptBy("dev-2", "b")]],
    ["that a person named", [ref("b"), "agatha-back-image:release-1"]],
    ["that is called otherwise as well", [ref("b"), `other:${tag("b")}`]],
    ["of another registry", [`registry/agatha-back-image:${tag("b")}`]],
  ])("%s", (_, names) => {
    expect(plan([image(names)], ref("a"))).toEqual({ hold: [], drop: [], remove: [] });
  });

  it("within an hour of its last tag, under this stack's name no longer", () => {
    const fresh = image([ref("b"), keptBy("dev", "b")], NOW - HOUR + 1);
    expect(plan([fresh], ref("a"))).toEqual({ hold: [], drop: [keptBy("dev", "b")], remove: [] });
  });

  it("and loses this stack's name where another stack keeps it", () => {
    const shared = image([ref("b"), keptBy("dev", "b"), keptBy("prod", "b")]);
    expect(plan([shared], ref("a"))).toEqual({ hold: [], drop: [keptBy("dev", "b")], remove: [] });
  });

  it("that a container may use, but no longer under this stack's name", () => {
    const { drop, remove } = plan([image([ref("b"), keptBy("dev", "b")])]);
    expect(drop).toEqual([keptBy("dev", "b")]);
    // Whoever finds it in use leaves it alone.
    expect(remove.map(({ names }) => names)).toEqual([[ref("b")]]);
  });

  it("with its last name, even where that is one that the stack would take away", () => {
    expect(plan([image([keptBy("dev", "b")], NOW)]).drop).toEqual([]);
  });
});

it("an image that the stack keeps under no name yet is given one", () => {
  expect(plan([image([ref("a")])], ref("a"))).toEqual({
    hold: [[ref("a"), keptBy("dev", "a")]],
    drop: [],
    remove: [],
  });
});

it("whatever is on the host: what anybody keeps, named or just loaded is never removed, and the rest is", () => {
  const letters = ["a", "b", "c", "d", "f"];
  const facts = fc.record({
    kept: fc.boolean(),
    own: fc.boolean(),
    other: fc.boolean(),
    person: fc.boolean(),
    alias: fc.boolean(),
    fresh: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.tuple(...letters.map(() => facts)), (all) => {
      const host = letters.map((letter, index) => {
        const { own, other, person, alias, fresh, ...rest } = all[index] as (typeof all)[number];
        const names = [ref(letter)];
        if (own) names.push(keptBy("dev", letter));
        if (other) names.push(keptBy("prod", letter));
        if (person) names.push("agatha-back-image:mine");
        if (alias) names.push(`agatha-back-image:migrations-dev-${tag(letter)}`);
        const wanted = rest.kept || other || person || fresh;
        return { ...image(names, fresh ? NOW : 0), id: letter, own, wanted, kept: rest.kept };
      });
      const { hold, drop, remove } = plan(host, ...host.filter(({ kept }) => kept).map(({ id }) => ref(id)));
      expect(remove.map(({ id }) => id)).toEqual(host.filter(({ wanted }) => !wanted).map(({ id }) => id));
      // Afterwards the stack's names are on what it keeps, and on nothing else.
      for (const { id, kept, own } of host) {
        const name = keptBy("dev", id);
        const after = hold.some(([, held]) => held === name) || (own && !drop.includes(name));
        expect(after).toBe(kept);
      }
    }),
    { numRuns: 1000 },
  );
});
