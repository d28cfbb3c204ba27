import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { publishedOf } from "../../lib/stacks/file.ts";
import { configLike, fileLike } from "../../lib/stacks/like.ts";

const PORTS = { back: 9200, front: 6373 };

describe("a stack's file like another's", () => {
  it("has the model's configuration, with ports and a docker host of its own", () => {
    const model = {
      "agatha:dockerHost": "ssh://me@model",
      "agatha:back": { jar: "app.jar", publish: { address: "0.0.0.0", port: 8100 }, memory: 700 },
      "agatha:front": { dist: "dist", publish: { port: 5273 } },
    };
    const { config, secrets } = configLike(model, PORTS, "ssh://me@review");
    expect(config).toEqual({
      ...model,
      "agatha:dockerHost": "ssh://me@review",
      "agatha:back": { jar: "app.jar", publish: { address: "0.0.0.0", port: 9200 }, memory: 700 },
      "agatha:front": { dist: "dist", publish: { port: 6373 } },
    });
    expect(publishedOf(config)).toEqual([9200, 6373]);
    expect(secrets).toEqual([]);
    expect(configLike(model, PORTS, undefined).config["agatha:dockerHost"]).toBe("ssh://me@model");
  });

  it("names its own ports where the model's texts name the model's, but for those between containers", () => {
    const model = {
      "agatha:back": {
        publish: { port: 8100 },
        properties: {
          origin: "http://localhost:5273/",
          other: "http://h:81001",
          own: "http://agatha-back:8100",
        },
      },
      "agatha:front": {
        publish: { port: 5273 },
        files: { "x.js": { text: "`//${location.hostname}:8100`" } },
      },
    };
    const { config } = configLike(model, PORTS, undefined);
    expect(config["agatha:back"]).toMatchObject({
      properties: {
        origin: "http://localhost:6373/",
        other: "http://h:81001",
        own: "http://agatha-back:8100",
      },
    });
    expect(config["agatha:front"]).toMatchObject({
      files: { "x.js": { text: "`//${location.hostname}:9200`" } },
    });
  });

  it.each([
    ["http://localhost:8100/x", "http://localhost:9200/x"],
    ["http://127.0.0.1:8100", "http://127.0.0.1:9200"],
    ["http://[::1]:5273", "http://[::1]:6373"],
    ["'//' + location.hostname + ':8100'", "'//' + location.hostname + ':9200'"],
    ["https://docker.example.com:8100", "https://review.example.com:9200"],
    ["0.0.0.0:8100", "0.0.0.0:8100"],
    ["http://mail.example.com:8100", "http://mail.example.com:8100"],
    ["http://my.localhost:8100", "http://my.localhost:8100"],
    ["http://dockerXexample.com:8100", "http://dockerXexample.com:8100"],
    ["http://localhost:81001", "http://localhost:81001"],
    ["http://localhost:9999", "http://localhost:9999"],
  ])("makes %s of a text to %s", (text, expected) => {
    const model = {
      "agatha:dockerHost": "ssh://deploy@docker.example.com:22",
      "agatha:back": { publish: { port: 8100 }, properties: { text } },
      "agatha:front": { publish: { port: 5273 } },
    };
    const { config } = configLike(model, PORTS, "ssh://deploy@review.example.com");
    expect(config["agatha:back"]).toMatchObject({ properties: { text: expected } });
  });

  it("leaves localhost where it is, whatever host the stack comes to", () => {
    const model = {
      "agatha:back": { publish: { port: 8100 }, properties: { text: "http://localhost:8100" } },
    };
    const { config } = configLike(model, PORTS, "ssh://deploy@review.example.com");
    expect(config["agatha:back"]).toMatchObject({ properties: { text: "http://localhost:9200" } });
  });

  it("leaves the model's place for backups to the model", () => {
    for (const model of [{ "agatha:backups": { to: "/mnt", keep: 2 } }, { "agatha:backups.to": "/mnt" }])
      expect(JSON.stringify(configLike(model, PORTS, undefined))).not.toMatch(/backups|mnt/);
  });

  it("publishes what the model does, the database apart", () => {
    const nested = { "agatha:back": { publish: false }, "agatha:database": { publish: { port: 4321 } } };
    const dotted = { "agatha:back.publish": false, "agatha:database.publish.port": 4321 };
    for (const model of [nested, dotted])
      expect(publishedOf(configLike(model, PORTS, undefined).config)).toEqual([6373]);
  });

  it("has none of the model's secrets, and tells which have to be set anew", () => {
    const model = {
      "agatha:databasePassword": { secure: "v1:a" },
      "agatha:back": { properties: { "mail.key": { secure: "v1:b" }, plain: "x" } },
      "agatha:registry.password": { secure: "v1:c" },
    };
    const { config, secrets } = configLike(model, PORTS, undefined);
    expect(JSON.stringify(config)).not.toContain("secure");
    expect(config["agatha:back"]).toEqual({ properties: { plain: "x" }, publish: { port: 9200 } });
    expect(secrets).toEqual([
      {
        ...{ key: 'agatha:back["properties"]["mail.key"]', path: true },
        from: { key: 'agatha:back["properties"]["mail.key"]', path: true },
      },
      // It could not be read: the model has it where `pulumi config set --secret` without --path puts it.
      {
        ...{ key: 'agatha:registry["password"]', path: true },
        from: { key: "agatha:registry.password", path: false },
      },
    ]);
  });

  it("keeps the place of a secret in a list, and tells a key with dots from a path", () => {
    const model = {
      "agatha:back": { list: ["a", { secure: "v1:a" }, { of: { secure: "v1:b" } }] },
      "agatha:front.files": { "x.js": { secure: "v1:c" } },
    };
    const { config, secrets } = configLike(model, PORTS, undefined);
    expect(JSON.stringify(config)).not.toContain("secure");
    expect(config["agatha:back"]).toMatchObject({ list: ["a", "", {}] });
    expect(secrets.map(({ key }) => key)).toEqual([
      'agatha:back["list"][1]',
      'agatha:back["list"][2]["of"]',
      'agatha:front["files"]["x.js"]',
    ]);
    expect(secrets.at(-1)?.from).toEqual({ key: 'agatha:["front.files"]["x.js"]', path: true });
  });

  it("tells the sample's front where its back is, and no other front", () => {
    const filesOf = (model: Record<string, unknown>) =>
      (configLike(model, PORTS, undefined).config["agatha:front"] as { files?: unknown }).files;
    expect(filesOf({})).toEqual({ "properties.js": { text: expect.stringContaining(":9200`") } });
    expect(filesOf({ "agatha:front": { dist: "dist" } })).toBeUndefined();
    expect(filesOf({ "agatha:front": { files: {} } })).toEqual({});
  });

  // A dotted key beside its object won for ever, whatever was changed in the object.
  it("writes each key once, nested, whichever ways the model has", () => {
    const model = {
      "agatha:back.publish.port": "8100",
      "agatha:back": { jar: "app.jar", publish: { address: "0.0.0.0", port: 8000 } },
      "agatha:back.env.a.b": "12",
      "agatha:front.publish": '{"port":5273}',
      "agatha:front.dist": "dist",
      "agatha:keep": 3,
      "agatha:database": '{"memory":300}',
      "other:a.b": "x",
    };
    const { config } = configLike(model, PORTS, undefined);
    expect(config).toEqual({
      "agatha:back": { jar: "app.jar", publish: { address: "0.0.0.0", port: 9200 }, env: { "a.b": "12" } },
      "agatha:front": { publish: { port: 6373 }, dist: "dist" },
      "agatha:keep": 3,
      "agatha:database": { memory: 300 },
      "other:a.b": "x",
    });
    expect(model["agatha:back"].publish.port).toBe(8000);
  });

  it("says what it was made like", () => {
    const text = fileLike("pr-12", "dev", { "agatha:keep": 2 });
    expect(text).toContain("# Stack pr-12, made by `npm run stack -- new pr-12 --like dev`.\n");
    expect(parse(text)).toEqual({ config: { "agatha:keep": 2 } });
  });
});
