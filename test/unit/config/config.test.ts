import { describe, expect, it } from "vitest";
import { loadConfig, SAMPLE_BACK } from "../../../lib/config/load.ts";
import { errors, load, surroundings } from "../../support/configuration.ts";

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

  // `pulumi config set --path agatha:back.cpus 0.5` writes a text.
  it("take a fraction of a processor as a text", () => {
    expect(load({ back: { cpus: "0.5" }, front: { cpus: 1.5 } })).toMatchObject({
      back: { cpus: 0.5 },
      front: { cpus: 1.5 },
    });
    expect(errors({ back: { cpus: "0.05" } })).toEqual([
      "agatha:back.cpus: 0.05 is too small. Give at least 0.1.",
    ]);
    for (const cpus of ["0,5", "1.5.2", " 1.5", "0x1.8"])
      expect(errors({ back: { cpus } })).toEqual([
        expect.stringMatching(/^agatha:back\.cpus: ".*" is not a number of processors\./),
      ]);
  });

  it("use nixpkgs if set-up has not chosen", () => {
    expect(load({}, { packages: undefined }).packages).toBe("nixpkgs");
  });

  it.each(["staging", "prod"])("are no substitute for a decision on stack %s", (stack) => {
    expect(errors({}, { stack })).toEqual([
      expect.stringMatching(/^agatha:packages: is missing\. Set it/),
      expect.stringMatching(/^agatha:databasePassword: is missing\. Set it/),
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
    expect(errors({ back: { jar: "app.jar" } })).toEqual([
      "agatha:back.migrations: is missing, and back.jar is not the sample's. Name the folder of your V*.sql files.",
    ]);
  });
});

describe("keys", () => {
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
    [0, "is too small. Give at least 1."],
    [21, "is too large. Give at most 20."],
    [2.5, "is not a number of generations. Give a whole number, like 5."],
    ["all", "is not a number of generations. Give a whole number, like 5."],
  ])("is not %j", (value, problem) => {
    expect(errors({ keep: value })).toEqual([`agatha:keep: ${JSON.stringify(value)} ${problem}`]);
  });
});
describe("backups", () => {
  it("go to the default place, and five that updates took are kept", () => {
    expect(load().backups).toEqual({ keep: 5 });
    expect(load({ backups: { to: "ssh://me@host:2222/srv/b", keep: 2 } }).backups).toEqual({
      to: "ssh://me@host:2222/srv/b",
      keep: 2,
    });
  });

  it.each([
    [
      { to: "ssh://me:pw@host/x" },
      /^agatha:backups\.to: the value \(not shown\) is not a place for backups\. Write a folder's path/,
    ],
    [{ to: "sftp://me@host/x" }, /^agatha:backups\.to: "sftp:.*" is not a place for backups\./],
    [{ to: "" }, /^agatha:backups\.to: "" is empty\./],
    [{ keep: 0 }, /^agatha:backups\.keep: 0 is too small\. Give at least 1\./],
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
