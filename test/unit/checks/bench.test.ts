import { describe, expect, it } from "vitest";
import { UserError } from "../../../lib/userError.ts";
import { benchArguments, PARTS } from "../../bench/arguments.ts";
import { changedBytes } from "../../bench/change.ts";
import { carriesImage, daemonSocket } from "../../bench/counter.ts";
import { goalTable, met, rows, size } from "../../bench/goals.ts";
import { plainResources } from "../../bench/plain.ts";
import type { Change, LoadedUpdate, Results } from "../../bench/results.ts";
import { composeFile, dockerfile } from "../../bench/rivalFiles.ts";
import { median, pairedRatio } from "../../bench/stats.ts";
import { kinds } from "../../bench/updates.ts";

const results = (more: Partial<Results>): Results => ({ date: "", machine: {}, ...more });

describe("repeated measurements", () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])("of %j have the median %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("are compared within their round, so that a machine that slows down slows both", () => {
    expect(pairedRatio([1, 10, 100], [2, 20, 200])).toBe(0.5);
  });

  it("of different numbers of rounds are no pairs", () => {
    expect(() => pairedRatio([1], [1, 2])).toThrow("no pairs");
    expect(() => median([])).toThrow();
  });
});

describe("the goals", () => {
  it("hold a no-op against the empty program", () => {
    const [row] = rows(results({ noop: { ours: [1.2, 1.4, 1.3], empty: [1, 1, 1] } }));
    expect(row).toMatchObject({
      what: "no-op up",
      ours: "1.30 s",
      against: "1.00 s empty program",
      goal: 1.3,
    });
    expect(row && met(row)).toBe(true);
  });

  const change: Change = {
    ours: { seconds: [2, 2], bytes: [1010, 1010] },
    seed: { seconds: [5, 5], bytes: [64_000_000, 64_000_000] },
    dockerfile: { seconds: [2.5, 2.5], bytes: [1000, 1000] },
    changedLayers: [1000, 1000],
  };

  it("hold a changed jar against both other ways, and its bytes against the changed layers", () => {
    const found = rows(results({ jar: change }));
    expect(found.map(({ against, goal, ...row }) => [against, goal, met({ ...row, against, goal })])).toEqual(
      [
        ["2.50 s compose up --build", 1.5, true],
        ["5.00 s the seed's recipe", 1, true],
        ["1.0 kB changed layers", 1.02, true],
        ["1.0 kB compose up --build", undefined, true],
        ["64.00 MB the seed's recipe", undefined, true],
      ],
    );
  });

  const update = (found: Partial<LoadedUpdate>): LoadedUpdate => ({
    ...{ requests: 1000, failed: 0, failures: [], longestGapMs: 40, opened: 8 },
    ...{ latencyMs: { median: 1, p99: 9, longest: 30 }, acknowledged: 500, missing: [], repeated: [] },
    ...found,
  });

  it("hold a swarm to the same, beside one host", () => {
    const pair = { ours: [1.2], empty: [1] };
    const updates = {
      back: { ours: [update({})], compose: [update({})] },
      front: { ours: [update({ failed: 1 })], compose: [update({})] },
    };
    const scaling = [
      { ...pair, services: 3 },
      { ...pair, services: 12 },
    ];
    const found = rows(results({ swarm: { noop: pair, updates }, swarmScaling: scaling }));
    expect(found.map((row) => [row.what, met(row)])).toEqual([
      ["no-op up on a swarm", true],
      ["1 updates of the back on a swarm, failed requests", true],
      ["1 updates of the back on a swarm, longest gap", true],
      ["1 updates of the back on a swarm, lost or doubled writes", true],
      ["1 updates of the front on a swarm, failed requests", false],
      ["1 updates of the front on a swarm, longest gap", true],
      ["1 updates of the front on a swarm, lost or doubled writes", true],
      ["no-op up on a swarm, each service's part", true],
    ]);
    expect(found[1]?.against).toBe("0 of 1000 one host");
  });

  it("allow updates no failed request and no lost write, whatever the other way has", () => {
    const good = rows(results({ updates: { back: { ours: [update({})], compose: [update({})] } } }));
    expect(good.map(met)).toEqual([true, true, true]);

    const [ours, compose] = [
      [update({}), update({ failed: 1, longestGapMs: 90, missing: ["a"] })],
      [update({ failed: 5, repeated: ["b", "c"] }), update({ longestGapMs: 60 })],
    ];
    const found = rows(results({ updates: { front: { ours, compose } } }));
    expect(found.map((row) => [row.what, row.ours, row.against, row.ratio, met(row)])).toEqual([
      ["2 updates of the front, failed requests", "1 of 2000", "5 of 2000 compose up -d", 0.2, false],
      ["2 updates of the front, longest gap", "90 ms", "60 ms compose up -d", 1.5, true],
      ["2 updates of the front, lost or doubled writes", "1 of 1000", "2 of 1000 compose up -d", 0.5, false],
    ]);
  });

  it("say what failed by kind", () => {
    const failures = (kind: string, count: number) => update({ failures: [{ kind, count, first: [] }] });
    expect(kinds([failures("ECONNRESET", 2), failures("status 503", 1), failures("ECONNRESET", 3)])).toBe(
      "5 ECONNRESET and 1 status 503",
    );
    expect(kinds([update({})])).toBe("none");
  });

  it("hold each service's part of a larger stack against its part of a smaller one", () => {
    const empty = [1, 1, 1];
    const scaling = [
      { services: 3, ours: [1.3, 1.3, 1.3], empty },
      { services: 12, ours: [1.6, 1.6, 1.6], empty },
      { services: 48, ours: [6, 6, 6], empty },
    ];
    expect(rows(results({ scaling })).map((row) => met(row))).toEqual([true, false]);
  });

  it("are printed beside the numbers with met or missed", () => {
    const text = goalTable(rows(results({ noop: { ours: [1.5], empty: [1] }, jar: change })));
    expect(text).toMatch(/no-op up +1\.50 s +1\.00 s empty program +1\.50 +<= 1\.30 +missed\n/);
    expect(text).toMatch(
      /changed jar, bytes sent +1\.0 kB +1\.0 kB changed layers +1\.010 +<= 1\.020 +met\n/,
    );
    expect(text).toMatch(/64\.00 MB the seed's recipe +0\.000\n/);
  });

  it("write sizes as text", () => {
    expect([size(2048), size(2_714_876)]).toEqual(["2.0 kB", "2.71 MB"]);
  });
});

describe("bytes that are sent", () => {
  it.each([
    ["POST /v1.41/images/load?quiet=1 HTTP/1.1\r\n", true],
    ["POST /build?t=x HTTP/1.1\r\n", true],
    ["POST /v1.41/session HTTP/1.1\r\n", true],
    ["GET /v1.41/images/json HTTP/1.1\r\n", false],
    ["PUT /v1.41/containers/abc/archive HTTP/1.1\r\n", false],
    ["\0\0 POST /build", false],
  ])("are an image's after %j: %s", (chunk, expected) => {
    expect(carriesImage(Buffer.from(chunk))).toBe(expected);
  });

  it("are counted at a socket of this machine alone", () => {
    expect(daemonSocket("unix:///run/d.sock")).toBe("/run/d.sock");
    expect(daemonSocket("")).toBe("/var/run/docker.sock");
    expect(() => daemonSocket("ssh://a@b")).toThrow(UserError);
  });

  it("are held against the layers that were not there before", () => {
    const after = new Map([
      ["a", 100],
      ["c", 11],
    ]);
    expect(changedBytes(["a", "b"], after)).toBe(11);
  });
});

describe("the bench's arguments", () => {
  it("are all parts unless some are named", () => {
    expect(benchArguments({})).toEqual({ parts: [...PARTS], rounds: 5, pairs: 11, updates: 20 });
    expect(benchArguments({ only: "jar,dist", rounds: "3" })).toMatchObject({
      parts: ["jar", "dist"],
      rounds: 3,
    });
  });

  it.each([{ only: "up" }, { rounds: "0" }, { pairs: "x" }, { updates: "1.5" }])("refuse %j", (options) => {
    expect(() => benchArguments(options)).toThrow(UserError);
  });
});

describe("the plain program", () => {
  const named = (type: string, name: string, inputs: object) => ({
    ...{ type, urn: `urn:pulumi:test-x::agatha::agatha:index:DockerService$${type}::${name}`, inputs },
  });
  const labels = [{ label: "agatha.stack", value: "test-x", __defaults: [] }];
  const volumes = ["db-data", "back-files-1"].map((name) => ({ volumeName: `agatha-test-x-${name}` }));
  const resources = [
    named("command:local:Command", "back-trial", { environment: {} }),
    named("docker:index/network:Network", "network", {
      __defaults: [],
      name: "agatha-test-x-network",
      labels,
    }),
    named("docker:index/volume:Volume", "db-data", { name: "agatha-test-x-db-data" }),
    named("docker:index/container:Container", "db", { name: "agatha-test-x-db", mustRun: true, volumes }),
    named("docker:index/container:Container", "front", { name: "agatha-test-x-front", mustRun: true }),
  ];

  it("has our docker resources under another name, and starts none", () => {
    const plain = plainResources(JSON.stringify({ deployment: { resources } }), "test-x", "test-x-plain");
    const made = { start: false, mustRun: false };
    expect(plain).toEqual({
      networks: {
        network: {
          name: "agatha-test-x-plain-network",
          labels: [{ label: "agatha.stack", value: "test-x-plain" }],
        },
      },
      volumes: { "db-data": { name: "agatha-test-x-plain-db-data" } },
      containers: {
        db: {
          name: "agatha-test-x-plain-db",
          volumes: [{ volumeName: "agatha-test-x-plain-db-data" }],
          ...made,
        },
        front: { name: "agatha-test-x-plain-front", volumes: [], ...made },
      },
    });
  });
});

describe("the files of the other ways", () => {
  it("have the run's name on everything, and what changes last", () => {
    const ports = { back: 1, front: 2 };
    const rival = { name: "agatha-test-x", stack: "test-x", ports, databaseImage: "db", password: "p" };
    const file = composeFile(rival, { image: "b" }, { image: "f" });
    const text = JSON.stringify(file);
    for (const name of ["db", "back", "front", "network", "db-data"])
      expect(text).toContain(`agatha-test-x-${name}`);
    expect(text.match(/"agatha.stack":"test-x"/g)).toHaveLength(5);
    expect(
      dockerfile("base", "test-x", ["java", "-jar"], { "a.jar": "/a.jar" }).trimEnd().split("\n"),
    ).toEqual([
      "FROM base",
      "LABEL agatha.stack=test-x",
      "WORKDIR /home",
      'CMD ["java","-jar"]',
      "COPY a.jar /a.jar",
    ]);
  });
});
