import { describe, expect, it } from "vitest";
import { loadConfig, SAMPLE_BACK } from "../../lib/config/load.ts";
import { errors, load, surroundings } from "../support/configuration.ts";

describe("defaults", () => {
  it("suit the sample on stack dev", () => {
    const config = load();
    expect(config.back.jar).toBe("sample/back/target/agatha-back.jar");
    expect(config.back.publish).toEqual({ address: "127.0.0.1", port: 8000 });
    expect(config.front.publish).toEqual({ address: "127.0.0.1", port: 5173 });
    expect(config.database.publish).toBe(false);
    expect(config.databasePassword).toBe("made");
    expect(config.packages).toBe("debian");
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

describe("what the sample's back wants", () => {
  const own = { jar: "app.jar", migrations: "sql" };

  it.each([
    {},
    { jar: "sample/back/target/agatha-back.jar" },
    { jar: "./sample/back/target/agatha-back.jar" },
  ])("is the default of its jar: %j", (back) => {
    expect(load({ back }).back).toMatchObject(SAMPLE_BACK);
    expect(load({ back: { ...back, files: {} } }).back).toMatchObject({ files: {} });
  });

  // Its logback.xml lay in the container of any other jar, and its migrations ran on the database.
  it("is no default of another jar", () => {
    expect(load({ back: own }).back).toMatchObject({ properties: {}, files: {} });
    expect(load({ back: { ...own, properties: { a: "b" } } }).back.properties).toEqual({ a: "b" });
    expect(load({ "back.jar": "app.jar", "back.migrations": "sql" }).back.files).toEqual({});
    expect(errors({ back: { jar: "app.jar" } })).toEqual([
      "agatha:back.migrations: is missing, and back.jar is not the sample's. Name the folder of your V*.sql files.",
    ]);
  });
});

describe("keys", () => {
  it("may be dotted, laid over the object", () => {
    expect(load({ back: { memory: 300 }, "back.port": "9001" }).back).toMatchObject({
      port: 9001,
      memory: 300,
    });
  });

  // `stack new --like` wrote the one beside the other, and the dotted one won, whatever was changed in the file.
  it.each([
    [{ back: { publish: { port: 9000 } }, "back.publish.port": "9001" }, "back.publish.port", "back"],
    [{ back: { publish: { port: 9000 } }, "back.publish": { address: "0.0.0.0" } }, "back.publish", "back"],
    [{ "back.publish": { port: 9000 }, "back.publish.port": "9001" }, "back.publish.port", "back.publish"],
    [{ back: { env: { "a.b": "x" } }, "back.env.a.b": "y" }, 'back.env["a.b"]', "back"],
    [{ back: { publish: false }, "back.publish": { port: 1 } }, "back.publish", "back"],
  ])("that are given both ways are refused, with both: %j", (keys, one, other) => {
    expect(errors(keys)).toEqual([
      `agatha:${one}: is given twice, by a key of its own and in agatha:${other}. Remove one of the two.`,
    ]);
  });

  it("of other namespaces are left alone", () => {
    expect(() => loadConfig({ "docker:host": "x", "agatha:packages": "debian" }, surroundings)).not.toThrow();
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
