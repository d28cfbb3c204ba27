import { expect, it } from "vitest";
import { stopOf } from "../../../lib/docker/gate.ts";

const event = (Action: string, ID: string, at: number, name = "agatha-dev-back") =>
  JSON.stringify({ Action, Actor: { ID, Attributes: { name } }, timeNano: at * 1e6 });

const stop = (...events: string[]) => stopOf("agatha-dev-back", "new", `${events.join("\n")}\n`);

it("a service is away from the signal on that asked it to end", () => {
  expect(stop(event("start", "old", 1), event("kill", "old", 5), event("die", "old", 7))).toBe(5);
});

it("a service that ended by itself is away from then on", () => {
  expect(stop(event("start", "old", 1), event("die", "old", 7))).toBe(7);
});

it("ends from before its last start do not count", () => {
  expect(stop(event("die", "old", 2), event("start", "old", 3), event("kill", "old", 9))).toBe(9);
});

it("neither the new container nor another of a longer name counts", () => {
  expect(stop(event("die", "new", 2), event("kill", "old", 3, "agatha-dev-back-trial"))).toBeUndefined();
});

it("without events nothing is known", () => {
  expect(stop()).toBeUndefined();
});
