/** Which container of a service serves, as `npm run status` says it. */
import { describe, expect, it } from "vitest";
import type { Slot } from "../../../lib/gateway/slots.ts";
import type { DockerObject } from "../../../lib/stacks/dockerObjects.ts";
import { type Routes, statusOf } from "../../../lib/stacks/status.ts";

const UP = "Up 2 minutes (healthy)";

const container = (service: string, id = "", more: Partial<DockerObject> = {}): DockerObject => ({
  ...{ id, service, status: UP, name: `agatha-a-${service}-${id.slice(0, 7)}`, ports: "", image: "" },
  ...more,
});
const [OLD, NEW] = [container("back", "0000000000aa"), container("back", "0000000000bb")];
const FRONT = container("front", "0000000000cc");
const REST = [container("db"), FRONT, container("gateway", "0000000000dd")];

const slot = (id: string | undefined, state: Slot["state"], more: Partial<Slot> = {}): Slot => ({
  ...{
    server: "blue",
    container: id,
    state,
    up: state !== "maint",
    sessions: 0,
    sinceSeconds: 90,
    address: "172.18.0.2:8000",
  },
  ...{ status: "UP", ...more },
});
const routes = (...back: Slot[]): Routes => ({ back, front: [slot(FRONT.id, "ready")] });

/** The state of each back, and what is said below the table. */
function seen(found: DockerObject[], told: Routes) {
  const { text, good } = statusOf("a", found, told);
  const lines = text.trimEnd().split("\n");
  const backs = lines.filter((line) => /^back /.test(line)).map((line) => line.split(/ {2,}/).slice(1));
  return { backs, notes: lines.slice(1).filter((line) => /^\w+:/.test(line)), good };
}

describe("the status of a service", () => {
  it("says for how long its container has served", () => {
    expect(seen([NEW, ...REST], routes(slot(NEW.id, "ready"), slot(undefined, "maint")))).toEqual({
      backs: [[UP, "for 90 s"]],
      notes: [],
      good: true,
    });
  });

  it.each([
    [0, "0 s"],
    [119, "119 s"],
    [120, "2 min"],
    [7199, "119 min"],
    [7200, "2 h"],
    [172_799, "47 h"],
    [172_800, "2 days"],
  ])("says %i s as %s", (sinceSeconds, words) => {
    const told = routes(slot(NEW.id, "ready", { sinceSeconds }));
    expect(seen([NEW, ...REST], told).backs).toEqual([[UP, `for ${words}`]]);
  });

  it("shows during an update who serves and who finishes its requests, and is good", () => {
    const told = routes(slot(OLD.id, "drain", { sessions: 3 }), slot(NEW.id, "ready"));
    expect(seen([OLD, NEW, ...REST], told)).toEqual({
      backs: [
        [UP, "for 90 s"],
        [UP, "no more: has 3 requests to finish"],
      ],
      notes: [],
      good: true,
    });
  });

  it("names a container that waits, which is the rest of an update that was killed", () => {
    // What was given up has its slot until the next one needs it.
    for (const other of [slot(undefined, "maint"), slot(NEW.id, "maint")])
      expect(seen([NEW, OLD, ...REST], routes(slot(OLD.id, "ready"), other))).toEqual({
        backs: [
          [UP, "for 90 s"],
          [UP, "no"],
        ],
        notes: [
          "back: agatha-a-back-0000000 does not serve. Unless an update runs right now, `npm run up -- --stack a` goes on.",
        ],
        good: false,
      });
  });

  it("says that a former container keeps serving after an update that failed, and the way on", () => {
    const former = { ...OLD, name: "agatha-a-back-1234567-former" };
    const note =
      "back: agatha-a-back-1234567-former keeps serving, since the update that was to replace it failed. Do what that update's error says, then `npm run up -- --stack a`.";
    expect(seen([former, ...REST], routes(slot(OLD.id, "ready")))).toEqual({
      backs: [[UP, "for 90 s"]],
      notes: [note],
      good: false,
    });
    // In a stack from before there was a gateway, it has its port itself.
    expect(seen([former, ...REST], undefined).notes).toEqual([note]);
  });

  it("says that nobody serves", () => {
    const stopped = container("back", OLD.id, { status: "Exited (143) 1 minute ago" });
    expect(seen([stopped, ...REST], routes(slot(OLD.id, "maint")))).toEqual({
      backs: [["Exited (143) 1 minute ago", "no"]],
      notes: [
        "back: none of its containers serves. `npm run up -- --stack a` goes on where an update was interrupted; if it finds nothing to do, `docker rm --force agatha-a-gateway-0000000` first lets it make the gateway anew.",
      ],
      good: false,
    });
  });

  it("says that the gateway does not reach the one that serves", () => {
    const told = routes(slot(OLD.id, "ready", { up: false, status: "DOWN L4CON Connection refused" }));
    expect(seen([OLD, ...REST], told)).toMatchObject({
      backs: [[UP, "the gateway does not reach it: DOWN L4CON Connection refused"]],
      good: false,
    });
  });

  it("is not known where the gateway does not answer", () => {
    expect(seen([OLD, ...REST], { silent: "docker exec: it is paused" })).toEqual({
      backs: [[UP, "not known"]],
      notes: ["gateway: it does not say who serves: docker exec: it is paused"],
      good: false,
    });
  });
});
