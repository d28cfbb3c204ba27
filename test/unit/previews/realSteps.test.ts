/**
 * What previews of a real stack say of its services, and why. `previewSteps.json` has the steps as `pulumi preview --json` gave
 * them (engine 3.256), reduced to what is read of them; the stack's machine was busy, so its starts took long.
 */
import { expect, it } from "vitest";
import { inWords } from "../../../lib/previews/away.ts";
import { changesOf } from "../../../lib/previews/changes.ts";
import { comment } from "../../../lib/previews/comment.ts";
import type { PreviewStep } from "../../../lib/previews/steps.ts";
import recorded from "../../support/previewSteps.json" with { type: "json" };

type Case = keyof typeof recorded;
const changes = (name: Case) => changesOf("dev", recorded[name] as unknown as PreviewStep[]);

/** The services that change, each with why and for how long it is away. */
const services = (name: Case) =>
  changes(name)
    .services.filter(({ change }) => change !== "stays")
    .map(({ name, change, why, away }) =>
      [name, change, why.join(", "), away === undefined ? "" : inWords(away)].join(" | "),
    );

it.each<[string, Case, string[]]>([
  [
    "a new jar and a new dist",
    "both",
    ["back | is replaced | new image | not at all", "front | is replaced | new image | not at all"],
  ],
  [
    "a new property, and a new file of the front",
    "file",
    [
      "back | is replaced | files or secrets | not at all",
      "front | is replaced | files or secrets | not at all",
    ],
  ],
  ["another password", "password", ["back | is replaced | files or secrets | not at all"]],
  [
    "limits, of which docker changes the memory as a container runs",
    "limits",
    [
      "back | is replaced | limit of processors, memory 512 => 400 MB | not at all",
      "front | is changed as it runs | memory 128 => 200 MB | not at all",
    ],
  ],
  [
    "settings of the database, whose back goes and comes with it",
    "dbset",
    [
      "db | is replaced | settings: + max_connections 50 | about 16 s",
      "back | is replaced | its database is replaced | about 26 s",
    ],
  ],
  ["a back that may not run twice any more", "overlap", ["back | is replaced | overlap | about 11 s"]],
  [
    "that with a new jar, and a new dist",
    "jar-overlap",
    [
      "back | is replaced | new image, memory 512 => 400 MB, overlap | about 11 s",
      "front | is replaced | new image | not at all",
    ],
  ],
  [
    "the gateway's limit of requests, and another port, which a file of the front names",
    "gwconf",
    [
      "front | is replaced | files or secrets | not at all",
      "gateway | is replaced | published port, its configuration | about 5 s",
    ],
  ],
  [
    "the same configuration whose update failed, and whose health path the gateway asks too",
    "failed-same",
    [
      "back | is replaced | its last update failed | not at all",
      "gateway | is replaced | its configuration | about 10 s",
    ],
  ],
  [
    "the former configuration, after that",
    "failed-former",
    ["back | is replaced | health, its last update failed | not at all"],
  ],
])("a preview of %s", (_, name, expected) => {
  expect(services(name)).toEqual(expected);
});

it("a preview names a changed password as such, and nothing of it where files alone change", () => {
  const rows = (name: Case) => changes(name).data.map(({ what }) => what);
  expect(rows("password")).toEqual(["volume", "back's files", "password"]);
  expect(rows("file")).toEqual(["volume", "back's files"]);
});

it("a container that is gone is away already, unlike one whose update failed and left a former one", () => {
  const gone = JSON.parse(
    JSON.stringify(recorded["failed-former"]).replace(/("ABSENT_AT":"[^" ]+) former [^"]+"/g, '$1"'),
  ) as PreviewStep[];
  const back = changesOf("dev", gone).services.find(({ name }) => name === "back");
  expect(back).toEqual({ name: "back", change: "is replaced", why: ["health", "it is gone"] });
});

it("a gateway that is gone is made anew for that, and is away already", () => {
  const gone = structuredClone(recorded.gwconf) as unknown as PreviewStep[];
  for (const step of gone.filter(({ urn }) => urn.endsWith("::gateway-files")))
    Object.assign(step, {
      newState: { inputs: { environment: { ABSENT_AT: "2026-11-28T23:16:10.910Z" } } },
      detailedDiff: { "environment.ABSENT_AT": {} },
    });
  const gateway = changesOf("dev", gone).services.find(({ name }) => name === "gateway");
  expect(gateway).toEqual({ name: "gateway", change: "is replaced", why: ["published port", "it is gone"] });
});

it("a pull request's comment says first which services will be away", () => {
  const first = (name: Case) => comment(changes(name), [], []).split("\n")[2];
  expect(first("both")).toBe("No service will be away. The data stays.");
  expect(first("dbset")).toBe(
    "`db` will be away for about 16 s; `back` will be away for about 26 s. The data stays.",
  );
  expect(first("gwconf")).toBe("`gateway` will be away for about 5 s. The data stays.");
});
