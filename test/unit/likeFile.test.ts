import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { configLike, fileLike } from "../../scripts/lib/likeFile.ts";
import { publishedOf } from "../../scripts/lib/stackFile.ts";

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
      "agatha:back.publish.port": 9200,
      "agatha:front.publish.port": 6373,
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
      "agatha:front": { publish: { port: 5273 }, files: { "x.js": { text: "`//${h}:8100`" } } },
    };
    const { config } = configLike(model, PORTS, undefined);
    expect(config["agatha:back"]).toMatchObject({
      properties: {
        origin: "http://localhost:6373/",
        other: "http://h:81001",
        own: "http://agatha-back:8100",
      },
    });
    expect(config["agatha:front"]).toMatchObject({ files: { "x.js": { text: "`//${h}:9200`" } } });
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
    expect(config["agatha:back"]).toEqual({ properties: { plain: "x" } });
    expect(secrets).toEqual([
      { key: 'agatha:back["properties"]["mail.key"]', path: true },
      { key: "agatha:registry.password", path: false },
    ]);
  });

  it("tells the sample's front where its back is, and no other front", () => {
    const key = "agatha:front.files.properties.js";
    expect(configLike({}, PORTS, undefined).config[key]).toEqual({ text: expect.stringContaining(":9200`") });
    for (const front of [{ dist: "dist" }, { files: {} }])
      expect(configLike({ "agatha:front": front }, PORTS, undefined).config).not.toHaveProperty([key]);
  });

  it("says what it was made like", () => {
    const text = fileLike("pr-12", "dev", { "agatha:keep": 2 });
    expect(text).toContain("# Stack pr-12, made by `npm run stack -- new pr-12 --like dev`.\n");
    expect(parse(text)).toEqual({ config: { "agatha:keep": 2 } });
  });
});
