/** The commands that a refused flat key comes with, run as they are printed by a shell and the real Pulumi. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { ConfigError, loadConfig } from "../../lib/config/load.ts";
import { readStackFile, textsOf } from "../../lib/stacks/file.ts";
import { execute } from "../support/host.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-flat-"));
const file = join(folder, "Pulumi.flat.yaml");
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
  PULUMI_CONFIG_PASSPHRASE: "scratch",
};
delete env["PULUMI_CONFIG_PASSPHRASE_FILE"];

const sh = async (script: string) => {
  const { code, output } = await execute("bash", ["-ec", `cd '${folder}'\n${script}`], env);
  expect(code, output).toBe(0);
  return output;
};

/** What the program makes of the file: the configuration, or its errors. */
function load() {
  const surroundings = { stack: "flat", packages: "debian", password: "made", exists: () => true };
  const raw = textsOf(readStackFile(file));
  try {
    return { config: loadConfig(raw, { ...surroundings, file: readFileSync(file, "utf8") }), errors: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { errors: error.errors };
    throw error;
  }
}

beforeAll(async () => {
  mkdirSync(join(folder, "state"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: agatha\nruntime: nodejs\n");
  await sh("pulumi stack init flat --non-interactive");
});
afterAll(() => rmSync(folder, { recursive: true }));

const PLAIN = {
  "back.port": "9000",
  "back.cpus": "0.5",
  "back.publish.address": "::",
  "back.jar": 'it\'s a $(touch x) "jar"/größe 日本.jar',
  "back.migrations": "-rf",
  "back.health.path": "/ping?a=1&b=#c",
  "back.env.a.b": "007",
  "back.env.EMPTY": "",
  "back.env.LINES": "one\ntwo\n",
  "back.env.TRUE": "true",
  "back.properties.db.url": "jdbc:x://${databaseHost}?a='b' \\ `c`",
  "back.properties.digits": "12345678901234567890",
  "front.publish": "false",
  "database.version": "17",
  "database.settings.app.x": "05000",
  "database.settings.app.y": "12345678901234567890",
  "registry.address": "host:5000",
  "registry.username": "12345",
};
const SECRET = {
  "registry.password": "12345",
  "back.properties.mail.key": "h'u$s\"h\n  x",
  "back.properties.t": "true",
};

it("nest each value as it was, and keep secrets secret", async () => {
  const plain = Object.entries(PLAIN).map(([key, value]) => [`agatha:${key}`, value]);
  writeFileSync(file, `${readFileSync(file, "utf8")}${stringify({ config: Object.fromEntries(plain) })}`);
  for (const [key, value] of Object.entries(SECRET)) await set(key, value, "--secret");
  const { errors } = load();
  expect(errors).toHaveLength(Object.keys({ ...PLAIN, ...SECRET }).length);
  for (const secret of Object.values(SECRET)) expect(errors.join()).not.toContain(JSON.stringify(secret));
  await sh(errors.map((error) => / Nest it: `(.+)`\.$/s.exec(error)?.[1] ?? "false").join("\n"));
  const { config, errors: left } = load();
  expect(left).toEqual([]);
  expect(config).toMatchObject({
    back: {
      ...{ port: 9000, cpus: 0.5, publish: { address: "::", port: 8000 }, jar: PLAIN["back.jar"] },
      ...{ migrations: "-rf", health: { path: "/ping?a=1&b=#c" } },
      env: { "a.b": "007", EMPTY: "", LINES: "one\ntwo\n", TRUE: "true" },
      properties: { "db.url": PLAIN["back.properties.db.url"], digits: "12345678901234567890" },
    },
    front: { publish: false },
    database: { version: 17, settings: { "app.x": "05000", "app.y": "12345678901234567890" } },
    registry: { address: "host:5000", username: "12345" },
  });
  for (const [path, value] of [
    ['agatha:back.properties["mail.key"]', SECRET["back.properties.mail.key"]],
    ["agatha:back.properties.t", "true"],
    ["agatha:registry.password", "12345"],
  ]) {
    const got = await sh(`pulumi config get --path '${path}' --json`);
    expect(JSON.parse(got)).toMatchObject({ value });
  }
  const text = readFileSync(file, "utf8");
  expect(text.match(/secure:/g)).toHaveLength(3);
  const { config: written } = parse(text) as { config: object };
  expect(Object.keys(written).filter((key) => key.includes("."))).toEqual([]);
}, 300_000);

it("remove the flat one of two", async () => {
  await set("back.port", "9001", "--plaintext");
  const [error = ""] = load().errors;
  expect(error).toMatch(/^agatha:back\.port: is given twice/);
  await sh(/`(.+)`\.$/.exec(error)?.[1] ?? "false");
  expect(load().config?.back.port).toBe(9000);
}, 60_000);

async function set(key: string, value: string, how: string): Promise<void> {
  writeFileSync(join(folder, "value"), value);
  await sh(`pulumi config set 'agatha:${key}' ${how} --raw <value`);
}
