/** `agatha:back.port` as one name is refused, with the commands that nest it. */
import { describe, expect, it } from "vitest";
import { errors } from "../../support/configuration.ts";

describe("a flat key", () => {
  it("is refused with the commands that nest it, on this stack", () => {
    expect(errors({ "back.port": "9000" }, { stack: "try-1" })).toEqual([
      "agatha:back.port: is a flat key, which is not read. Nest it: `pulumi config get agatha:back.port --stack try-1 | pulumi config set --path agatha:back.port --stack try-1 && pulumi config rm agatha:back.port --stack try-1`.",
    ]);
    const options = ["--stack", "dev", "--config-file", "my file.yaml"];
    expect(errors({ "back.port": "9000" }, { options })[0]).toContain(
      "--path agatha:back.port --stack dev --config-file 'my file.yaml' && ",
    );
  });

  it.each([
    ["back.health.path", "/p ing", "agatha:back.health.path"],
    ["database.name", "2024", "--type string agatha:database.name"],
    ["database.settings.app.x", "007", `--type string 'agatha:database.settings["app.x"]'`],
    ["back.publish", "false", "agatha:back.publish"],
    ["back.properties.db.url", "x", `'agatha:back.properties["db.url"]'`],
    ["back.env.A", "12", "--type string agatha:back.env.A"],
    ["back.jar", "x".repeat(500), "agatha:back.jar"],
    ["back.jar", "", "agatha:back.jar"],
    ["registry.address", "https://me:hush@example.com", "agatha:registry.address"],
  ])("%s of %j is handed on by a pipe, and keeps its type: it may be a secret", (key, value, set) => {
    const [error = ""] = errors({ [key]: value });
    const get = `\`pulumi config get agatha:${key} --stack dev`;
    expect(error).toContain(`${get} | pulumi config set --path ${set} --stack dev && `);
    expect(error.startsWith(`agatha:${set.replace(/^.*agatha:|'$/g, "")}: is a flat key`)).toBe(true);
    if (value.length > 4 && value !== "false") expect(error).not.toContain(value);
  });

  it("that is a secret stays one, and is never shown", () => {
    expect(errors({ "registry.username": "hush" }, { secrets: ["registry.username"] })).toEqual([
      "agatha:registry.username: is a flat key, which is not read. Nest it: `pulumi config get agatha:registry.username --stack dev | pulumi config set --path --secret agatha:registry.username --stack dev && pulumi config rm agatha:registry.username --stack dev`.",
    ]);
    const files = '{"/home/x":{"text":"hush"}}';
    expect(errors({ "back.files": files }, { secrets: ["back.files"] }).join()).not.toContain("hush");
  });

  it.each([
    ["back.publish", '{"port":1}'],
    ["back.modules", "[]"],
    ["back.env.a'b", "x"],
    ["back.$(x)", "x"],
    ["back..port", "1"],
    [`back.${"x".repeat(100)}`, "1"],
  ])("%s of %s is to be written in the stack's file: no command takes it", (key, value) => {
    expect(errors({ [key]: value })).toEqual([
      expect.stringMatching(
        /^agatha:back.*: is a flat key, which is not read\. Write it as nested YAML in the stack's file, below agatha:back\.$/,
      ),
    ]);
  });

  // Which of the two counted was not to be seen.
  it("beside the nested one is to be removed", () => {
    expect(errors({ back: { env: { "a.b": "x" } }, "back.env.a.b": "y" })).toEqual([
      'agatha:back.env["a.b"]: is given twice, nested and as a flat key, which is not read. Remove the flat key: `pulumi config rm agatha:back.env.a.b --stack dev`.',
    ]);
    expect(errors({ back: { publish: { port: 1 } }, "back.publish": '{"address":"::1"}' })[0]).toContain(
      "nested YAML",
    );
  });

  it("hides no other error, and causes none", () => {
    const given = { "registry.address": "r", registry: { username: "me" }, keep: 0, bakc: 1 };
    expect(errors(given).map((error) => error.split(" is")[0])).toEqual([
      "agatha:registry.address:",
      expect.stringContaining("agatha:keep"),
      "agatha:bakc:",
    ]);
    expect(errors({ "back.port": "9000", back: { memory: 1 } })).toEqual([
      expect.stringContaining("agatha:back.port: is a flat key"),
      "agatha:back.memory: 1 is too small. Give at least 16.",
    ]);
    expect(errors({ "database.publish.port": "5432", database: { publish: {} } })).toHaveLength(1);
    expect(errors({ "back.jar": "app.jar" }, { exists: () => false })).toHaveLength(1);
  });
});
