/** Whatever the configuration holds: a valid one comes out, or errors that name their keys and keep secrets. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig, type Surroundings } from "../../../lib/config/load.ts";
import { GROUPS, hostile, LEAVES, rawConfig, SECRET } from "../../support/arbitraries.ts";

const surroundings: Surroundings = { stack: "dev", packages: "debian", password: "made", exists: () => true };

/** Longest error that fits on a few lines of a terminal, in characters. */
const LONGEST = 600;

/** What comes out: the configuration, or the errors. Anything else thrown is the test's failure. */
function outcome(raw: Record<string, string>, more: Partial<Surroundings> = {}) {
  try {
    return { config: loadConfig(raw, { ...surroundings, ...more }) };
  } catch (error) {
    if (error instanceof ConfigError) return { errors: error.errors };
    throw error;
  }
}

function expectErrors(errors: string[]): void {
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.length).toBeLessThanOrEqual(51);
  for (const error of errors) {
    expect(error).toMatch(/^agatha(:\S.*)?: .+[.?]$/);
    expect(error).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/u);
    expect(error.length).toBeLessThan(LONGEST);
    expect(error).not.toMatch(/\[object|undefined|Invalid|\bat .*:\d+:\d+/);
  }
}

describe("any configuration", () => {
  it("is made of every key that there is", () => {
    expect(GROUPS).toEqual(["back", "front", "gateway", "database", "backups", "registry"]);
    const some = ["jar", "pin", "cpus", "version", "digest", "keep", "to", "insecure", "statuses", "text"];
    expect(LEAVES).toEqual(expect.arrayContaining(some));
  });

  it("is valid, or refused with short errors that begin with the key", () => {
    fc.assert(
      fc.property(rawConfig, (raw) => {
        const start = performance.now();
        const { errors } = outcome(raw);
        if (errors !== undefined) expectErrors(errors);
        expect(performance.now() - start).toBeLessThan(2000);
      }),
      { numRuns: 1000 },
    );
  });

  it("is no text or list for having a length", () => {
    const hostile = { length: { toString: "x" } };
    for (const given of [
      { front: { dist: hostile } },
      { back: { health: { statuses: hostile } } },
      { back: { modules: hostile } },
      { database: { name: hostile } },
    ])
      for (const [key, value] of Object.entries(given))
        expect(outcome({ [`agatha:${key}`]: JSON.stringify(value) }).errors?.join()).toMatch(/is not a/);
  });

  it("that is valid keeps within the limits of what it goes into", () => {
    fc.assert(
      fc.property(rawConfig, (raw) => {
        const { config } = outcome(raw);
        if (config === undefined) return;
        for (const service of ["back", "front", "database"] as const) {
          const { publish } = config[service];
          if (publish !== false) expect(publish.port).toSatisfy((port) => port >= 1 && port <= 65_535);
        }
        for (const path of Object.keys(config.back.files)) expect(`${path}/`).not.toMatch(/\/(\.{0,2})\//);
        for (const path of Object.keys(config.front.files)) expect(`/${path}/`).not.toMatch(/\/(\.{0,2})\//);
        expect(config.databasePassword).not.toMatch(/[\0\r\n]/);
        // Nix takes the application as one argument, which Linux limits to 128 KiB.
        expect(JSON.stringify(config.back.javaOptions).length).toBeLessThan(131_072);
      }),
      { numRuns: 1000 },
    );
  });

  it("shows nothing that Pulumi keeps as a secret", () => {
    fc.assert(
      fc.property(rawConfig, (raw) => {
        const secretKeys = Object.keys(raw).filter((key) => key.startsWith("agatha:"));
        const marked = Object.fromEntries(
          Object.entries(raw).map(([key, value]) => [key, mark(value)] as const),
        );
        const { errors = [] } = outcome({ ...marked, PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys) });
        expect(errors.join("\n")).not.toContain(SECRET);
      }),
      { numRuns: 1000 },
    );
  });

  it("shows nothing that is usually secret, even if Pulumi does not keep it as a secret", () => {
    const places = fc.constantFrom<(value: unknown) => Record<string, unknown>>(
      (value) => ({ databasePassword: value }),
      (value) => ({ back: { properties: { token: value } } }),
      (value) => ({ back: { properties: value } }),
      (value) => ({ back: { env: { API_KEY: value } } }),
      (value) => ({ back: { files: { "/home/key.pem": { text: value } } } }),
      (value) => ({ back: { files: { "/home/key.pem": { text: value, file: "x" } } } }),
      (value) => ({ back: { files: value } }),
      (value) => ({ back: [value] }),
      (value) => ({ back: `{"properties": {"password": ${JSON.stringify(value)}` }),
      (value) => ({ front: { files: { "a.js": value } } }),
    );
    const values = fc.oneof(
      fc.constant([SECRET]),
      fc.constant({ nested: SECRET }),
      fc.constant([{ deep: [SECRET] }]),
      fc.constant(`${SECRET}\0`),
      fc.constant(`${SECRET}\n`),
    );
    fc.assert(
      fc.property(places, values, (place, value) => {
        const raw = Object.entries(place(value)).map(([key, inner]) => [
          `agatha:${key}`,
          typeof inner === "string" ? inner : JSON.stringify(inner),
        ]);
        const { errors = [] } = outcome(Object.fromEntries(raw));
        expect(errors.join("\n")).not.toContain(SECRET);
      }),
    );
  });
});

describe("texts", () => {
  it("arrive as they were written, whatever they look like", () => {
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,20}$/);
    const looks = fc.constantFrom(
      "1.10",
      "007",
      "12345678901234567890",
      " true ",
      "[1]",
      '{"a":1}',
      "-0",
      "1e3",
    );
    fc.assert(
      fc.property(name, fc.oneof(looks, hostile), (key, value) => {
        if (value.includes("\0") || value.normalize() !== value) return;
        const object = outcome({
          "agatha:back": JSON.stringify({ env: { [key]: value }, properties: { [key]: value } }),
        });
        expect(object.errors).toBeUndefined();
        expect(object.config?.back.env).toEqual({ [key]: value });
        expect(object.config?.back.properties).toEqual({ [key]: value });
      }),
    );
  });

  it("of paths arrive as they were written", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        if (path === "" || path.includes("\0")) return;
        const { config } = outcome({ "agatha:back": JSON.stringify({ jar: path, migrations: path }) });
        expect(config?.back).toMatchObject({ jar: path, migrations: path });
      }),
    );
  });

  it("that do not exist as files are named in short errors", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        if (path === "" || path.includes("\0")) return;
        const raw = { "agatha:front": JSON.stringify({ dist: path, files: { "a b": { file: path } } }) };
        const { errors } = outcome(raw, { exists: (asked) => asked !== path });
        expect(errors).toHaveLength(2);
        expectErrors(errors ?? []);
      }),
    );
  });
});

describe("what no program takes", () => {
  it.each([
    ["a NUL in an option of java", { back: { javaOptions: ["-Da=\0"] } }, "agatha:back.javaOptions[0]: "],
    ["half a character in a path", { back: { jar: "\ud800" } }, "agatha:back.jar: "],
    ["a NUL in a name", { back: { properties: { "a\0": "" } } }, "agatha:back.properties"],
    [
      "a nesting without end",
      { back: `${"[".repeat(50_000)}${"]".repeat(50_000)}` },
      "agatha:back[0][0]: is nested",
    ],
    [
      "__proto__ below a key",
      { back: JSON.parse('{"__proto__": {"port": 9}}') },
      "agatha:back.__proto__: is not a key",
    ],
    [
      "__proto__ as a variable",
      { back: { env: JSON.parse('{"__proto__": "x"}') } },
      "agatha:back.env.__proto__: is not",
    ],
    ["a flat __proto__", { "back.__proto__.port": "9" }, "agatha:back.__proto__.port: is a flat key"],
    [
      "an option as long as a book",
      { back: { javaOptions: ["x".repeat(200_000)] } },
      "agatha:back.javaOptions: ",
    ],
    [
      "a variable that Linux does not take",
      { back: { env: { A: "x".repeat(131_000) } } },
      "agatha:back.env.A: ",
    ],
    ["a role that PostgreSQL keeps", { database: { user: "pg_x" } }, 'agatha:database.user: "pg_x" begins'],
    ["a variable that the provider changes", { back: { env: { A: "e\u0301" } } }, "agatha:back.env.A: "],
    ["a path that Linux does not take", { back: { jar: "x".repeat(5000) } }, "agatha:back.jar: "],
    ["a signal that Linux does not have", { back: { stopSignal: "SIGNAL" } }, "agatha:back.stopSignal: "],
    [
      "a file's path that climbs after a line break",
      { front: { files: { "a\n/../b": { text: "" } } } },
      "agatha:front.files",
    ],
    [
      "digits that a number loses",
      { back: { env: JSON.parse('{"A": 12345678901234567890}') } },
      "agatha:back.env.A: ",
    ],
  ])("is refused: %s", (_, raw, beginning) => {
    const texts = Object.entries(raw).map(([key, value]) => [
      `agatha:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const { errors } = outcome(Object.fromEntries(texts));
    expectErrors(errors ?? []);
    expect(errors?.[0]?.slice(0, beginning.length)).toBe(beginning);
  });

  it("is reported at most fifty times at once", () => {
    const raw = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`agatha:x${index}`, "1"]));
    const { errors } = outcome(raw);
    expect(errors).toHaveLength(51);
    expect(errors?.[50]).toBe("agatha: 4950 more errors are not shown. Fix these first.");
  });
});

/** Puts the marker into every text of a value. */
function mark(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), (_, inner) =>
      typeof inner === "string" ? `${SECRET}${inner}` : inner,
    );
  } catch {
    return `${SECRET}${value}`;
  }
}
