/** A database outside of the stack. */
import { describe, expect, it } from "vitest";
import { externalOf } from "../../../lib/stacks/file.ts";
import { configLike } from "../../../lib/stacks/like.ts";
import { errors, load } from "../../support/configuration.ts";

const ca = "-----BEGIN CERTIFICATE-----";

describe("database.external", () => {
  it("is verified, at PostgreSQL's port, unless something else is said", () => {
    const { external } = load({ database: { external: { host: "db.example.org", ca } } }).database;
    expect(external).toEqual({ host: "db.example.org", port: 5432, tls: "verify-full", ca });
  });

  it.each([
    [
      { host: "db.example.org" },
      "agatha:database.external.ca: is missing for tls verify-full. Set the certificate",
    ],
    [
      { host: "db.example.org", tls: "require", ca },
      "agatha:database.external.ca: the value (not shown) verifies nothing with tls require.",
    ],
    [{ host: "localhost", ca }, '"localhost" is the container itself, to whoever connects from one.'],
    [{ host: "127.0.0.1", ca }, '"127.0.0.1" is the container itself'],
    [{ host: "/var/run/postgresql", ca }, "is not a server's name or address."],
    [{ host: "db.example.org/budget", ca }, "is not a server's name or address."],
    [{ host: "db", tls: "on" }, 'agatha:database.external.tls: "on" is not a kind of TLS.'],
  ])("%j is refused", (external, message) => {
    expect(errors({ database: { external } })).toEqual([expect.stringContaining(message)]);
  });

  it.each([[{ publish: { port: 5432 } }], [{ settings: { work_mem: "8MB" } }]])(
    "%j is of a database of the stack's own",
    (other) => {
      expect(errors({ database: { external: { host: "db", tls: "require" }, ...other } })).toEqual([
        expect.stringContaining(
          `agatha:database.${Object.keys(other)[0]}: is for a database of the stack's own`,
        ),
      ]);
    },
  );
});

describe("a stack like one whose database is outside", () => {
  const ports = { back: 8100, front: 5273 };

  it("has a database of its own", () => {
    const model = { "agatha:database": { name: "budget", external: { host: "db.example.org", ca } } };
    const { config, warnings } = configLike("prod", model, ports, undefined);
    expect(config["agatha:database"]).toEqual({ name: "budget" });
    expect(externalOf(config)).toBeUndefined();
    expect(warnings.join()).toContain("agatha:database.external is not copied");
    expect(externalOf(model)).toBe("db.example.org:5432");
  });

  it("has one too if the model's is a text of JSON, or partly secret", () => {
    const text = JSON.stringify({ external: { host: "db" }, memory: 600 });
    expect(
      configLike("prod", { "agatha:database": text }, ports, undefined).config["agatha:database"],
    ).toEqual({
      memory: 600,
    });
    const partly = { "agatha:database": { external: { secure: "v1:x" } } };
    expect(configLike("prod", partly, ports, undefined)).toMatchObject({
      secrets: [],
      config: { "agatha:database": {} },
    });
  });

  it("is not made of what cannot be looked into", () => {
    const model = { "agatha:database": { secure: "v1:x" } };
    expect(() => configLike("prod", model, ports, undefined)).toThrow("agatha:database is one secret");
  });
});
