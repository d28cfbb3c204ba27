import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileText, publishedOf } from "../../../lib/stacks/file.ts";
import { configLike } from "../../../lib/stacks/like.ts";

const PORTS = { back: 9200, front: 6373 };

const like = (model: Record<string, unknown>, dockerHost?: string) =>
  configLike("model", model, PORTS, dockerHost);

describe("a stack's file like another's", () => {
  it("has the model's configuration, with ports and a docker host of its own", () => {
    const model = {
      "agatha:dockerHost": "ssh://me@model",
      "agatha:back": { jar: "app.jar", publish: { address: "0.0.0.0", port: 8100 }, memory: 700 },
      "agatha:front": { dist: "dist", publish: { port: 5273 } },
      "other:a.b": "x",
    };
    const { config, secrets, warnings } = like(model, "ssh://me@review");
    expect(config).toEqual({
      ...model,
      "agatha:dockerHost": "ssh://me@review",
      "agatha:back": { jar: "app.jar", publish: { address: "0.0.0.0", port: 9200 }, memory: 700 },
      "agatha:front": { dist: "dist", publish: { port: 6373 } },
    });
    expect(publishedOf(config)).toEqual([9200, 6373]);
    expect([secrets, warnings]).toEqual([[], []]);
    expect(like(model).config["agatha:dockerHost"]).toBe("ssh://me@model");
    expect(model["agatha:back"].publish.port).toBe(8100);
  });

  it("reads a model whose values are JSON texts", () => {
    const { config } = like({ "agatha:front": '{"publish":{"port":5273},"dist":"dist"}' });
    expect(config["agatha:front"]).toEqual({ publish: { port: 6373 }, dist: "dist" });
  });

  it("leaves the model's place for backups to the model", () => {
    const model = { "agatha:backups": { to: "/mnt", keep: 2 } };
    expect(JSON.stringify(like(model))).not.toMatch(/backups|mnt/);
  });

  it("leaves the model's domain to the model, with its certificate and key", () => {
    const gateway = { domain: "x.org", certificate: "c", key: { secure: "v1:a" }, drain: "20s" };
    const { config, secrets } = like({ "agatha:gateway": gateway });
    expect(config["agatha:gateway"]).toEqual({ drain: "20s" });
    expect(secrets).toEqual([]);
  });

  it("publishes what the model does, except for the database", () => {
    const model = { "agatha:back": { publish: false }, "agatha:database": { publish: { port: 4321 } } };
    expect(publishedOf(like(model).config)).toEqual([6373]);
    expect(like(model).config["agatha:database"]).toEqual({ publish: false });
  });

  it("gives the sample's front the address of its back, and no other front", () => {
    const filesOf = (model: Record<string, unknown>) =>
      (like(model).config["agatha:front"] as { files?: unknown }).files;
    expect(filesOf({})).toEqual({ "properties.js": { text: expect.stringContaining(":${backPort}`") } });
    expect(filesOf({ "agatha:front": { dist: "dist" } })).toBeUndefined();
    expect(filesOf({ "agatha:front": { files: {} } })).toEqual({});
  });

  it("says what it was made like", () => {
    const text = fileText("pr-12", "pr-12 --like dev", { "agatha:keep": 2 });
    expect(text).toBe(
      "# Stack pr-12, made by `npm run stack -- new pr-12 --like dev`.\nconfig:\n  agatha:keep: 2\n",
    );
  });
});

describe("secrets of the model", () => {
  it("are left out, and their keys are listed to be set anew", () => {
    const model = {
      "agatha:databasePassword": { secure: "v1:a" },
      "agatha:back": { properties: { "mail.key": { secure: "v1:b" }, plain: "x" } },
      "agatha:registry": { password: { secure: "v1:c" } },
      "other:a.b": { secure: "v1:d" },
    };
    const { config, secrets } = like(model);
    expect(JSON.stringify(config)).not.toContain("secure");
    expect(config["agatha:back"]).toEqual({ properties: { plain: "x" }, publish: { port: 9200 } });
    expect(secrets).toEqual([
      'agatha:back["properties"]["mail.key"]',
      'agatha:registry["password"]',
      'other:["a.b"]',
    ]);
  });

  it("keep their place in a list", () => {
    const { config, secrets } = like({
      "agatha:back": { list: ["a", { secure: "v1:a" }, { of: { secure: "v1:b" } }] },
    });
    expect(config["agatha:back"]).toMatchObject({ list: ["a", "", {}] });
    expect(secrets).toEqual(['agatha:back["list"][1]', 'agatha:back["list"][2]["of"]']);
  });
});

// A new stack's front that asked the model's back would show and change the model's data.
describe("an address of the model's own", () => {
  const model = (text: string, group = "files") => ({
    "agatha:dockerHost": "ssh://deploy@docker.example.com:22",
    "agatha:back": { publish: { port: 8100 }, ...(group === "files" ? {} : { [group]: { text } }) },
    "agatha:front": {
      dist: "dist",
      publish: { port: 5273 },
      ...(group === "files" ? { files: { "x.js": { text } } } : {}),
    },
  });

  it.each([
    ["http://localhost:8100/x", "localhost:8100"],
    ["http://127.0.0.1:8100", "127.0.0.1:8100"],
    ["`//${location.hostname}:8100`", "location.hostname}:8100"],
    ["'//' + location.hostname + ':8100'", "location.hostname + ':8100"],
    ["https://docker.example.com:8100", "docker.example.com:8100"],
  ])("is refused in the front's files: %s", (text, address) => {
    expect(() => like(model(text))).toThrow(
      `--like: Pulumi.model.yaml: agatha:front.files["x.js"].text: ${JSON.stringify(address)} is the back of stack model, in the new stack's front. Write \${backPort} for the port, or \${backUrl}: on model that is the same address.`,
    );
  });

  it("is refused with the front's placeholder, if it is the front's", () => {
    expect(() => like(model("http://[::1]:5273"))).toThrow(
      '"[::1]:5273" is the front of stack model, in the new stack\'s front. Write ${frontUrl} for the address',
    );
  });

  it("is refused in a file of the project that is laid over the front", () => {
    const folder = mkdtempSync(join(tmpdir(), "agatha-like-"));
    const file = join(folder, "x.js");
    writeFileSync(file, 'window.backUrl = "http://localhost:8100"');
    const front = { dist: "dist", files: { "x.js": { file } } };
    expect(() => like({ "agatha:back": { publish: { port: 8100 } }, "agatha:front": front })).toThrow(
      'agatha:front.files["x.js"].file: "localhost:8100" is the back of stack model',
    );
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["properties", "Write ${frontUrl} for the address."],
    ["env", "Change it in the new stack's file."],
  ])("elsewhere is copied with a warning: back.%s", (group, fix) => {
    const { config, warnings } = like(model("http://localhost:5273", group));
    expect(config["agatha:back"]).toMatchObject({ [group]: { text: "http://localhost:5273" } });
    expect(warnings).toEqual([
      `Pulumi.model.yaml: agatha:back.${group}.text: "localhost:5273" is the front of stack model, and is copied as it is. ${fix}`,
    ]);
  });

  it.each([
    "0.0.0.0:8100",
    "http://mail.example.com:8100",
    "http://my.localhost:8100",
    "http://dockerXexample.com:8100",
    "http://localhost:81001",
    "http://localhost:9999",
    "http://agatha-back:8100",
    "`//${location.hostname}:${backPort}` ${backUrl} ${frontUrl}",
  ])("is not %s", (text) => {
    expect(like(model(text)).warnings).toEqual([]);
    expect(like(model(text, "properties")).warnings).toEqual([]);
  });
});

it("a model with flat keys is refused with the commands that nest them", () => {
  expect(() => like({ "agatha:back.port": 9000, "agatha:keep": 3 })).toThrow(
    "--like: agatha:back.port: is a flat key, which is not read. Nest it: `pulumi config get agatha:back.port --stack model | pulumi config set --path agatha:back.port --stack model && pulumi config rm agatha:back.port --stack model`.",
  );
});
