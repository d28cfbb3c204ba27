import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig, type Surroundings } from "../../config.ts";

const surroundings: Surroundings = { stack: "dev", packages: "host", password: "made", exists: () => true };
const load = (raw: Record<string, unknown> = {}, more: Partial<Surroundings> = {}) =>
  loadConfig(
    Object.fromEntries(
      Object.entries(raw).map(([key, value]) => [
        `agatha:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    { ...surroundings, ...more },
  );

function errors(raw: Record<string, unknown>, more: Partial<Surroundings> = {}): string[] {
  try {
    load(raw, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

describe("defaults", () => {
  it("suit the sample on stack dev", () => {
    const config = load();
    expect(config.back.jar).toBe("sample/back/target/agatha-back.jar");
    expect(config.back.publish).toEqual({ address: "127.0.0.1", port: 8000 });
    expect(config.front.publish).toEqual({ address: "127.0.0.1", port: 5173 });
    expect(config.database.publish).toBe(false);
    expect(config.databasePassword).toBe("made");
    expect(config.packages).toBe("host");
  });

  it("are kept beside the keys that are given", () => {
    const { health, publish } = load({
      back: { health: { path: "/ping", statuses: [200, 400] }, publish: { port: 9000 } },
    }).back;
    expect(health).toEqual({ path: "/ping", statuses: [200, 400], interval: "5s", startPeriod: "1m0s" });
    expect(publish).toEqual({ address: "127.0.0.1", port: 9000 });
  });

  it("use nixpkgs where set-up found nothing out", () => {
    expect(load({}, { packages: undefined }).packages).toBe("nixpkgs");
  });

  it.each(["staging", "prod"])("are no substitute for a decision on stack %s", (stack) => {
    expect(errors({}, { stack })).toEqual([
      expect.stringMatching(/^agatha:packages: is missing on stack ".*"\. Set it/),
      expect.stringMatching(/^agatha:databasePassword: is missing on stack ".*"\. Set it/),
    ]);
    expect(load({ packages: "nixpkgs", databasePassword: "p" }, { stack }).packages).toBe("nixpkgs");
  });
});

describe("backups", () => {
  it("go to the default place, and five that updates took are kept", () => {
    expect(load().backups).toEqual({ keep: 5 });
    expect(load({ "backups.to": "ssh://me@host:2222/srv/b", "backups.keep": 2 }).backups).toEqual({
      to: "ssh://me@host:2222/srv/b",
      keep: 2,
    });
  });

  it.each([
    [
      { to: "ssh://me:pw@host/x" },
      /^agatha:backups\.to: ".*" is not a place for backups\. Write a folder's path/,
    ],
    [{ to: "sftp://me@host/x" }, /^agatha:backups\.to: "sftp:.*" is not a place for backups\./],
    [{ to: "" }, /^agatha:backups\.to: "" is empty\./],
    [{ keep: 0 }, /^agatha:backups\.keep: 0 keeps no backup\. Give at least 1\./],
    [{ keep: 1.5 }, /^agatha:backups\.keep: 1\.5 is not a number of backups\./],
    [{ too: "x" }, /^agatha:backups\.too: is not a key that is known\. Did you mean backups\.to\?/],
  ])("%j are refused", (backups, message) => {
    expect(errors({ backups })).toEqual([expect.stringMatching(message)]);
  });

  it("go to a folder that is there, or to another host", () => {
    const exists = (path: string) => !path.includes("mnt");
    expect(errors({ backups: { to: "/mnt/backups" } }, { exists })).toEqual([
      'agatha:backups.to: "/mnt/backups" does not exist. Mount or make the folder.',
    ]);
    expect(errors({ backups: { to: "ssh://me@host/mnt/x" } }, { exists })).toEqual([]);
  });
});

describe("keys", () => {
  it("may be dotted, laid over the object", () => {
    expect(load({ back: { port: 9000, memory: 300 }, "back.port": "9001" }).back).toMatchObject({
      port: 9001,
      memory: 300,
    });
  });

  it("of other namespaces are left alone", () => {
    expect(() => loadConfig({ "docker:host": "x", "agatha:packages": "host" }, surroundings)).not.toThrow();
  });

  it("that are unknown are refused, with what was meant", () => {
    expect(errors({ bakc: {}, back: { jarr: "x" } }).sort()).toEqual([
      "agatha:back.jarr: is not a key that is known. Did you mean back.jar?",
      "agatha:bakc: is not a key that is known. Did you mean back?",
    ]);
    expect(errors({ zzzzzz: "1" })).toEqual([
      "agatha:zzzzzz: is not a key that is known. Remove it; the README lists the keys.",
    ]);
  });

  it.each(["__proto__", "constructor", "toString"])("named %s are unknown", (key) => {
    expect(errors({ [key]: "1" })).toEqual([
      `agatha:${key}: is not a key that is known. Remove it; the README lists the keys.`,
    ]);
  });

  it("below a text are refused", () => {
    expect(errors({ back: "text", "back.port": "1" })[0]).toContain(
      "agatha:back.port: lies below a key that is no object.",
    );
  });

  it("with a database password of digits keep it a text", () => {
    expect(load({ databasePassword: "12345" }).databasePassword).toBe("12345");
    expect(load({ databasePassword: "true" }).databasePassword).toBe("true");
  });
});

describe("errors", () => {
  it("come all at once, each with its key, the value received and the mend", () => {
    expect(
      errors({
        back: { port: "x", health: { statuses: [] } },
        front: { memory: 1 },
        packages: "debian",
      }).sort(),
    ).toEqual([
      "agatha:back.health.statuses: [] is empty. Name at least one HTTP status, like 200.",
      'agatha:back.port: "x" is not a port. Use a whole number from 1 to 65535.',
      "agatha:front.memory: 1 is too small a memory limit. Give at least 16 (megabytes).",
      'agatha:packages: "debian" is not a package set. Use "nixpkgs" (the pin) or "host" (this host\'s Debian packages).',
    ]);
  });

  it.each([
    [
      "publish without a port it could guess",
      { database: { publish: {} } },
      "agatha:database.publish.port: ",
    ],
    ["no processors", { back: { cpus: 0 } }, "agatha:back.cpus: 0 is too few processors. Give at least 0.1."],
    [
      "processors as a text",
      { front: { cpus: "two" } },
      'agatha:front.cpus: "two" is not a number of processors. Write it like 2 or 0.5.',
    ],
    [
      "a file in the root folder",
      { back: { files: { "/x.txt": { text: "" } } } },
      'agatha:back.files["/x.txt"]: lies in the root folder, which is read-only. Put it into a folder',
    ],
    [
      "a file where none can be put",
      { back: { files: { "/tmp/x": { text: "" } } } },
      'agatha:back.files["/tmp/x"]: lies where files cannot be put',
    ],
    [
      "publish on a name",
      { back: { publish: { address: "localhost" } } },
      'agatha:back.publish.address: "localhost" is not an IP address.',
    ],
    [
      "a duration without unit",
      { back: { health: { interval: "5" } } },
      'agatha:back.health.interval: "5" is not a duration.',
    ],
    [
      "a relative path in the container",
      { back: { files: { "home/x": { text: "" } } } },
      "is not an absolute path in the container.",
    ],
    [
      "a path that climbs",
      { front: { files: { "../x": { text: "" } } } },
      "is not a path below the front's folder.",
    ],
    [
      "a file without content",
      { back: { files: { "/home/x": {} } } },
      "is neither { file: PATH } nor { text: CONTENT }.",
    ],
    ["a signal by number", { back: { stopSignal: "15" } }, "is not a signal. Write it like SIGTERM."],
    [
      "a docker host without scheme",
      { dockerHost: "example.org" },
      'agatha:dockerHost: "example.org" is not a docker host.',
    ],
    ["a list for an object", { back: [1] }, "agatha:back: [1] is not an object."],
    [
      "an old major version",
      { database: { version: 12 } },
      "is not a major version of PostgreSQL from 13 to 17.",
    ],
    [
      "a minor version",
      { database: { version: "17.2" } },
      "is not a major version of PostgreSQL from 13 to 17.",
    ],
    ["SQL in a name", { database: { name: 'x"; drop' } }, "is not a plain SQL name."],
    [
      "a line break in the password",
      { databasePassword: "a\nb" },
      "agatha:databasePassword: the value (not shown) holds a line break.",
    ],
  ])("name %s", (_, raw, expected) => {
    expect(errors(raw).join("\n")).toContain(expected);
  });

  it("never repeat a secret or a huge value", () => {
    const [error] = errors({ back: { properties: { token: ["hunter2"] } } });
    expect(error).toContain("agatha:back.properties.token: the value (not shown)");
    expect(errors({ back: { jar: "" }, front: { port: "9".repeat(5000) } }).join("\n").length).toBeLessThan(
      500,
    );
  });

  it("find a port that is taken twice", () => {
    expect(errors({ front: { publish: { port: 8000 } } })).toEqual([
      "agatha:front.publish.port: 8000 is taken by agatha:back.publish.port already. Choose another port for one of the two.",
    ]);
    expect(errors({ front: { publish: false }, database: { publish: { port: 5173 } } })).toEqual([]);
    const on = (address: string) => errors({ front: { publish: { address, port: 8000 } } });
    expect(on("10.0.0.1")).toEqual([]);
    expect(on("0.0.0.0")).toHaveLength(1);
    expect(on("::")).toHaveLength(1);
  });

  it("find what is not there before anything is deployed", () => {
    expect(
      errors({ back: { jar: "build/app.jar" } }, { exists: (path) => path !== "build/app.jar" }),
    ).toEqual([
      'agatha:back.jar: "build/app.jar" does not exist. Build it first (npm run sample), or point back.jar at your jar.',
    ]);
    expect(errors({}, { exists: () => false })).toHaveLength(4);
  });
});

describe("a registry", () => {
  it("needs an address; its images lie below agatha unless told otherwise", () => {
    expect(load().registry).toBeUndefined();
    expect(load({ registry: { address: "registry.example:5000" } }).registry).toEqual({
      address: "registry.example:5000",
      repository: "agatha",
      insecure: false,
    });
  });

  it("takes a password as text, also one of digits", () => {
    const raw = { "registry.address": "r", "registry.username": "me", "registry.password": "12345" };
    expect(load(raw).registry?.password).toBe("12345");
  });

  it("that is wrong is told, without its password", () => {
    expect(errors({ registry: { address: "https://r", username: "me", pasword: "hush" } })).toEqual([
      expect.stringMatching(
        /^agatha:registry\.address: "https:\/\/r" is not a registry's address\. Write it/,
      ),
      "agatha:registry.pasword: is not a key that is known. Did you mean registry.password?",
    ]);
    expect(errors({ registry: { address: "r", username: "me" } })).toEqual([
      "agatha:registry.password: is missing beside registry.username. Set it: `pulumi config set --secret --path agatha:registry.password`.",
    ]);
    expect(errors({ registry: { address: "r", password: "hush" } })).toEqual([
      "agatha:registry.username: is missing beside registry.password. Name the user that logs in.",
    ]);
  });
});

describe("a pin", () => {
  const tag = "s6c14k97wgkln0sks1xz75x9skhmp1ap";
  const mend = "is not a tag. Give all 32 characters of one that `npm run history` lists.";

  it("is a tag, by a dotted key or inside its object, and nothing where left out", () => {
    expect(load({ "back.pin": tag }).back.pin).toBe(tag);
    expect(load({ front: { pin: tag } }).front.pin).toBe(tag);
    expect(load().back.pin).toBeUndefined();
    // All digits: still a text.
    expect(load({ "front.pin": "1".repeat(32) }).front.pin).toBe("1".repeat(32));
  });

  it.each([
    "latest",
    tag.slice(0, 8),
    `${tag}0`,
    tag.replace("s", "e"),
    tag.toUpperCase(),
    `agatha-back-image:${tag}`,
    "",
  ])("is not %j", (value) => {
    expect(errors({ "back.pin": value })).toEqual([`agatha:back.pin: ${JSON.stringify(value)} ${mend}`]);
  });

  it("needs nothing of what its image was made of, and the other service all of it", () => {
    const nothing = { exists: () => false };
    const keys = (raw: Record<string, unknown>) => errors(raw, nothing).map((error) => error.split(":")[1]);
    expect(keys({ "back.pin": tag, "back.files": {} })).toEqual(["front.dist"]);
    expect(keys({ "front.pin": tag, "back.files": {} })).toEqual(["back.jar", "back.migrations"]);
  });
});

describe("keep", () => {
  it("is 5 generations where left out", () => {
    expect(load().keep).toBe(5);
    expect(load({ keep: 1 }).keep).toBe(1);
  });

  it.each([
    [0, "is too few: what runs is one. Keep at least 1."],
    [21, "is more than the history lists. Keep at most 20."],
    [2.5, "is not a number of generations. Give a whole number, like 5."],
    ["all", "is not a number of generations. Give a whole number, like 5."],
  ])("is not %j", (value, problem) => {
    expect(errors({ keep: value })).toEqual([`agatha:keep: ${JSON.stringify(value)} ${problem}`]);
  });
});
