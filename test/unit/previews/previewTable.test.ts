import { describe, expect, it } from "vitest";
import { changesOf } from "../../../lib/previews/changes.ts";
import type { PreviewStep } from "../../../lib/previews/steps.ts";
import { previewTable } from "../../../lib/previews/table.ts";

const explain = (stack: string, steps: PreviewStep[]) => previewTable(changesOf(stack, steps));

const ref = (letter: string) => `agatha-back-image:${letter.repeat(32)}`;
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

function step(
  name: string,
  op: string,
  before: object = {},
  after: object = {},
  more: Partial<PreviewStep> = {},
): PreviewStep {
  const urn = `urn:pulumi:dev::agatha::some$type::${name}`;
  return { urn, op, oldState: { inputs: { ...before } }, newState: { inputs: { ...after } }, ...more };
}

const build = (op: string, before: object, after: object) =>
  step("back-image-build", op, { triggers: [before] }, { triggers: [after] });

describe("a preview in words", () => {
  it("is one line where nothing changes", () => {
    expect(explain("dev", [step("back-container", "same")])).toBe("Nothing would change on stack dev.\n");
  });

  it("names the image that changes and why, and nothing of those that stay", () => {
    const before = {
      ref: ref("a"),
      jar: digest("1"),
      jre: "17.0.15",
      migrations: { "V1__a.sql": digest("2") },
    };
    const after = {
      ref: ref("b"),
      jar: digest("3"),
      jre: "17.0.16",
      migrations: { "V1__a.sql": digest("2"), "V2__b.sql": digest("4") },
    };
    expect(explain("dev", [build("replace", before, after)]).split("\n\n")[0]).toBe(
      [
        "image    change                  why",
        "db       stays",
        "back     aaaaaaaa… => bbbbbbbb…  ~ jar sha256:11111111… => sha256:33333333…",
        "                                 ~ jre 17.0.15 => 17.0.16",
        "                                 + V2__b.sql",
        "front    stays",
        "gateway  stays",
      ].join("\n"),
    );
  });

  it("blames the recipe where no input changed", () => {
    const text = explain("dev", [build("replace", { ref: ref("a") }, { ref: ref("b") })]);
    expect(text).toContain("aaaaaaaa… => bbbbbbbb…  ~ its recipe in nix/");
  });

  it.each([
    [
      "pinned",
      { ref: ref("b"), jar: digest("1") },
      { ref: ref("a"), pinned: true },
      "bbbbbbbb… => aaaaaaaa…  pinned",
    ],
    [
      "no longer pinned",
      { ref: ref("a"), pinned: true },
      { ref: ref("b"), jar: digest("1") },
      "bbbbbbbb…  no longer pinned",
    ],
    [
      "pinned to what runs",
      { ref: ref("a"), jar: digest("1") },
      { ref: ref("a"), pinned: true },
      "stays   pinned",
    ],
  ])("says that an image is %s, and nothing of its inputs", (_, before, after, expected) => {
    const text = explain("dev", [build("replace", before, after)]).split("\n\n")[0];
    expect(text).toContain(expected);
    expect(text).not.toMatch(/jar|\[object/);
  });

  it("says of an image that stays, or comes, that a pin decides it", () => {
    const pinned = { ref: ref("a"), pinned: true };
    const other = step("front-container", "replace");
    expect(explain("dev", [build("same", pinned, pinned), other])).toMatch(/^back +stays +pinned$/m);
    expect(explain("dev", [build("create", {}, pinned), other])).toMatch(/^back +is pinned +aaaaaaaa…$/m);
    expect(explain("dev", [build("create", {}, { ref: ref("a") }), other])).toMatch(/^back +is built/m);
  });

  it("says how many generations are kept from now on", () => {
    const keep = (KEEP: string) => ({ environment: { KEEP, STACK: "dev" }, stdin: "{}" });
    expect(explain("dev", [step("history", "update", keep("5"), keep("2"))])).toMatch(
      /^images +of the last 2 generations are kept$/m,
    );
    expect(explain("dev", [step("history", "update", keep("5"), keep("5"))])).not.toContain("are kept");
  });

  it("says that new files take the place of what the back wrote, and nothing where they are its first or its last", () => {
    const data = (op: string) => explain("dev", [step("back-files", op), step("back-container", "replace")]);
    expect(data("replace")).toMatch(
      /^back's files +are written anew: what it wrote itself, into gradle\.properties too, goes$/m,
    );
    for (const op of ["same", "create", "delete"]) expect(data(op)).not.toContain("back's files");
    const { data: rows } = changesOf("dev", [step("back-files", "replace")]);
    expect(rows.find(({ what }) => what === "back's files")?.of).toBe("back");
  });

  it("says for how long a stack of before is away while it gives its ports to the gateway", () => {
    const table = (op: string) =>
      explain("dev", [
        step("gateway-room", "create"),
        step("back-container", op),
        step("front-container", "same"),
      ]);
    expect(table("replace")).toMatch(/^back +is replaced .*about 2 s$/m);
    expect(table("replace")).toMatch(/^front +stays +about 2 s$/m);
    expect(table("create")).toMatch(/^back +starts$/m);
  });

  // What failed is in the state: the preview compared with that, and named a change of an image that ran already.
  it("compares an image with the one that serves, if the update to another one failed", () => {
    const ref = (tag: string) => `agatha-back-image:${tag.repeat(32)}`;
    const triggers = (tag: string) => ({ ref: ref(tag), jar: `sha256:${tag.repeat(64)}` });
    const history = { generations: [], inputs: { [ref("a")]: { jar: `sha256:${"a".repeat(12)}` } } };
    const environment = { ABSENT_AT: `2026-11-29T00:00:00.000Z former ${ref("a")}` };
    const table = (tag: string, op = "replace") =>
      explain("dev", [
        build(op, triggers("b"), triggers(tag)),
        step("back-files", "replace", {}, { environment }, { detailedDiff: { "environment.ABSENT_AT": {} } }),
        step("back-container", "replace", {}, { image: ref(tag) }, { detailedDiff: { image: {} } }),
        step("history", "update", {}, {}, { oldState: { outputs: { stdout: JSON.stringify(history) } } }),
      ]);
    expect(table("a")).toMatch(/^back +stays +it serves already$/m);
    expect(table("a")).toMatch(/^back +is replaced +its last update failed +not at all$/m);
    expect(table("c")).toMatch(/^back +a+… => c+… +~ jar sha256:a+… => sha256:c+…$/m);
    expect(table("c")).toMatch(/^back +is replaced +new image, its last update failed +not at all$/m);
    expect(table("b", "same")).toMatch(/^back +a+… => b+… +~ jar/m);
  });

  it("forgets a failed update once a later one went well, though the state has the moment of the failure", () => {
    const ref = `agatha-back-image:${"b".repeat(32)}`;
    const environment = { ABSENT_AT: `2026-11-29T00:00:00.000Z former agatha-back-image:${"a".repeat(32)}` };
    const kept = { inputs: { environment } };
    const table = (op: string) =>
      explain("dev", [
        build("same", { ref }, { ref }),
        { ...step("back-files", op, {}, { environment }), oldState: kept, newState: kept },
        step("back-container", op, { image: ref }, { image: ref }, { detailedDiff: { envs: {} } }),
        step("front-container", "replace"),
      ]);
    expect(table("same").match(/^back +stays$/gm)).toHaveLength(2);
    expect(table("replace")).toMatch(/^back +is replaced +environment +not at all$/m);
  });

  it("says that a certificate or its key changes, or goes", () => {
    const table = (op: string) =>
      explain("dev", [step("gateway-certificate", op, {}, {}, { detailedDiff: { stdin: {} } })]);
    expect(table("update")).toMatch(/^certificate +is exchanged, or its key, while the gateway runs$/m);
    expect(table("delete")).toMatch(/^certificate +goes, and its key$/m);
    expect(table("same")).not.toContain("certificate");
  });

  it("says that the password changes, not that it is set again", () => {
    const table = (detailedDiff: Record<string, unknown>) =>
      explain("dev", [step("db-schema-password", "update", {}, {}, { detailedDiff })]);
    expect(table({ stdin: {} })).toMatch(/^password +is changed$/m);
    expect(table({ "environment.ABSENT_AT": {} })).not.toContain("is changed");
  });

  it("says which service is away, why and for how long", () => {
    const container = step(
      "db-container",
      "replace",
      { memory: 512 },
      { memory: 300 },
      { detailedDiff: { image: {}, memory: {}, memorySwap: {}, readOnly: {}, "tmpfs./tmp": {} } },
    );
    const healthy = step("db-healthy", "replace");
    const facts = (measured: object) => {
      const stdout = "what people were shown: after 99 s, away for 99 s";
      healthy.oldState = { outputs: { stdout, stderr: JSON.stringify(measured) } };
      return explain("dev", [container, healthy]);
    };
    expect(facts({ startSeconds: 2.9 })).toMatch(
      /db +is replaced +new image, memory 512 => 300 MB, read-only root, temporary folders +about 4 s/,
    );
    // What was measured comes before what is reckoned.
    expect(facts({ startSeconds: 2.9, awaySeconds: 6.1 })).toMatch(/temporary folders +about 6 s/);
    expect(facts({})).toMatch(/temporary folders +not known yet/);
  });

  it("says which of PostgreSQL's settings change", () => {
    const command = (...settings: string[]) => ({
      command: ["postgres", ...settings.flatMap((setting) => ["-c", setting])],
    });
    const container = step(
      "db-container",
      "replace",
      { ...command("jit=off", "work_mem=4MB", "app.x=a=b"), memory: 512 },
      { ...command("max_connections=200", "work_mem=8MB", "app.x=a=c"), memory: 1024, shmSize: 512 },
      { detailedDiff: { "command[1]": {}, "command[2]": {}, memory: {}, shmSize: {} } },
    );
    expect(explain("dev", [container])).toContain(
      "settings: ~ app.x a=b => a=c, - jit off, + max_connections 200, ~ work_mem 4MB => 8MB, memory 512 => 1024 MB, shared memory",
    );
    const overlay = step(
      "front-container",
      "replace",
      {},
      { command: ["/bin/agatha-front", "--overlay", "/o"] },
      {
        detailedDiff: { command: {} },
      },
    );
    expect(explain("dev", [overlay])).toMatch(/front +is replaced +command +/);
  });

  it("says that a service that was cut off is connected again, and that one is only waited for again", () => {
    const healthy = (name: string, CUT_OFF: string) =>
      step(name, "update", { environment: { CUT_OFF: "n 1" } }, { environment: { CUT_OFF } });
    const steps = [
      healthy("db-healthy", "n 2"),
      healthy("front-healthy", "n 1"),
      step("back-healthy", "delete"),
    ];
    const text = explain("dev", steps);
    expect(text).toMatch(/^db +stays, is connected again$/m);
    expect(text).toMatch(/^front +stays, is waited for again$/m);
    expect(text).toMatch(/^back +stays$/m);
  });

  it("says which migrations run, and that the volume stays", () => {
    const migrations = (op: string, before: object, after: object) =>
      step(
        "db-schema-migrations",
        op,
        { triggers: [{ migrations: before }] },
        { triggers: [{ migrations: after }] },
      );
    const one = { "V1__a.sql": digest("1") };
    expect(explain("dev", [migrations("replace", one, { ...one, "V2__b.sql": digest("2") })])).toMatch(
      /volume +stays\nmigrations +run, after a backup: \+ V2__b\.sql\n/,
    );
    const view = (hash: string) => ({ ...one, "R__v.sql": digest(hash) });
    expect(explain("dev", [migrations("replace", view("2"), view("3"))])).toContain(
      "run, after a backup: ~ R__v.sql",
    );
    expect(explain("dev", [migrations("replace", one, one)])).toContain("are checked again; none is new");
  });

  it("says that none runs under a pin, whose step has none", () => {
    const inputs = { environment: { PINNED: "agatha:back.pin" }, triggers: [{ database: "new" }] };
    const before = { triggers: [{ database: "old", migrations: { "V1__a.sql": digest("1") } }] };
    for (const op of ["replace", "create"])
      expect(explain("dev", [step("db-schema-migrations", op, before, inputs)])).toContain(
        "migrations  do not run: agatha:back.pin is set\n",
      );
    const unpinned = step("db-schema-migrations", "replace", inputs, before);
    expect(explain("dev", [unpinned])).toContain("migrations  run, if they have not run yet\n");
  });

  it("says which migrations the update will refuse", () => {
    const migrations = (before: object, after: object) =>
      step(
        "db-schema-migrations",
        "replace",
        { triggers: [{ migrations: before }] },
        { triggers: [{ migrations: after }] },
      );
    const before = { "V1__a.sql": digest("1"), "V2__b.sql": digest("2"), "V2__b.sql.conf": digest("3") };
    const after = { "V1__a.sql": digest("9"), "V1.5__c.sql": digest("4") };
    expect(explain("dev", [migrations(before, after)])).toContain(
      "migrations  are refused by up, unless a restore took them back: V2__b.sql ran on this database and is not among the migrations, V1__a.sql was edited after it ran, V1.5__c.sql comes before migrations that ran already\n",
    );
  });

  it("says which version the database goes to, in the program's words", () => {
    const data = step("db-data", "replace");
    const upgrade = (op: string, environment: object) => step("db-upgrade", op, {}, { environment });
    const facts = { from: 13, to: 17, volume: "a", into: "b", seenAt: "2026-11-24T00:00:00Z" };
    const AHEAD = JSON.stringify({ ...facts, awaySeconds: 12 });
    const text = explain("dev", [data, upgrade("create", { AHEAD })]);
    expect(text).toMatch(
      /volume +is filled from the old one, which is kept\nversion +PostgreSQL 13 => 17, data from a \(kept\) into b, database away for about 12 s\n/,
    );
    expect(text).toMatch(/db +stays +about 12 s\nback +stays +about 12 s\nfront +stays\n/);
    const unknown = explain("dev", [data, upgrade("create", { AHEAD: JSON.stringify(facts) })]);
    expect(unknown).toContain("database away for a time that depends on its size\n");
    expect(unknown).toMatch(/^back +stays +a time that depends on its size$/m);
    // Without docker nobody knows; and a step that does nothing announces nothing.
    expect(explain("dev", [data, upgrade("create", {})])).toContain("is kept; the database gets another one");
    expect(explain("dev", [data, upgrade("same", { AHEAD })])).not.toContain("version");
  });

  it("announces no upgrade that was made before, whatever else changes about its step", () => {
    for (const AHEAD of ['{"from":13}', "PostgreSQL 13 => 17, …; seen at 2026-11-24T00:00:00Z"]) {
      const kept = step("db-upgrade", "update", { environment: { AHEAD } }, { environment: { AHEAD } });
      expect(explain("dev", [kept])).not.toContain("version");
    }
  });
});
