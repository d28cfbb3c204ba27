/** Images by way of a registry: a real one with a login, and a docker host that has nothing yet. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { type Ended, execute, freePort } from "../support/host.ts";
import { LocalRegistry } from "../support/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-registry-test-"));
const password = randomBytes(12).toString("hex");
let engine: Engine;
let registry: LocalRegistry;

beforeAll(async () => {
  // Its own end of the link to this machine: the registry listens on the other.
  const here = (address: string) => address.replace(/\d+$/, "1");
  engine = await Engine.make({ args: ({ address }) => ["--insecure-registry", `${here(address)}/32`] });
  registry = await LocalRegistry.start(join(folder, "registry"), here(engine.address), password);
});
afterAll(async () => {
  await registry?.end();
  await engine?.remove();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const { output } = await engine.docker("image", "ls", "--quiet", "--no-trunc");
  const ids = [...new Set(output.split("\n").filter(Boolean))];
  if (ids.length > 0) await engine.docker("image", "rm", "--force", ...ids);
});

/** What of the front's application decides its image. */
const plain = {};
const other = { front: { port: 5997 } };

async function refOf(application: object): Promise<string> {
  const nix = ["nix", "--argstr", "packages", "host", "--argstr", "application", JSON.stringify(application)];
  const { output } = await execute("nix-instantiate", ["--eval", "--json", "-A", "meta.front.tag", ...nix]);
  return `agatha-front-image:${JSON.parse(output)}`;
}

/** Runs the build step as Pulumi does, with the registry and its password on standard input. */
async function build(application: object, more: object = {}, secret = password): Promise<Ended> {
  const described = {
    address: registry.address,
    repository: "team/agatha",
    username: registry.username,
    insecure: true,
  };
  const env = {
    ...process.env,
    DOCKER_HOST: engine.host,
    ALIASES: "agatha-front-image:latest",
    APPLICATION: JSON.stringify(application),
    ATTRIBUTE: "front-image",
    KEPT_AS: (await refOf(application)).replace(":", ":kept-test-"),
    OUT_LINK: join(folder, "out", `front-image-${(await refOf(application)).split(":")[1]}`),
    PACKAGES: "host",
    SYSTEM: "x86_64-linux",
    REF: await refOf(application),
    REGISTRY: JSON.stringify({ ...described, ...more }),
  };
  return new Promise((resolve) => {
    const child = spawn("node", ["steps/build-image.ts"], { env, stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.end(secret);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

const refs = async () =>
  (await engine.docker("image", "ls", "--all", "--digests", "--format", "{{.Repository}}:{{.Tag}}")).output
    .split("\n")
    .filter((ref) => ref !== "" && !ref.includes(":kept-test-"))
    .sort();

it("an image goes there and comes from there, and has our names alone", async () => {
  const { code, output } = await build(plain);
  expect(code, output).toBe(0);
  expect(output).toMatch(/ built in [\d.]+ s, pushed to [\d.:]+ in [\d.]+ s, pulled in [\d.]+ s, /);
  expect(registry.uploads()).toBeGreaterThan(2);
  expect(output).toMatch(/MB \(\d+ bytes\)\n$/);
  expect(await refs()).toEqual(["agatha-front-image:latest", await refOf(plain)].sort());
  // The image runs: its program is the one that Nix built, and says so by what it does not take.
  const probe = ["run", "--rm", "--network", "none", await refOf(plain), "/bin/agatha-front", "--help"];
  expect(await engine.docker(...probe)).toEqual({
    code: 2,
    output: 'agatha-front: "--help" is no option. Use --port PORT or --address ADDRESS.\n',
  });
});

it("what the registry has is not sent again, and what of another image it has neither", async () => {
  const before = registry.uploads();
  const again = await build(plain);
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain(` found in ${registry.address} `);
  const changed = await build(other);
  expect(changed.code, changed.output).toBe(0);
  // The layer that differs, and the image's configuration.
  expect(registry.uploads() - before).toBe(2);
  expect(await refs()).toContain(await refOf(other));
});

it.each<[string, () => Promise<Ended>, RegExp]>([
  [
    "a wrong password",
    () => build(plain, {}, "wrong"),
    /^agatha:registry: "[\d.:]+" refuses user "agatha" or the password\. Set it: `pulumi config set --secret --path agatha:registry\.password`\.\n$/,
  ],
  [
    "no login",
    () => build(plain, { username: undefined }, ""),
    /^agatha:registry: "[\d.:]+" wants a login\. Set registry\.username, and registry\.password as a secret\.\n$/,
  ],
  [
    "a registry without TLS",
    () => build(plain, { insecure: false }),
    /^agatha:registry: "[\d.:]+" speaks no TLS to this machine\. Set registry\.insecure to true, if the way there is safe\.\n$/,
  ],
  [
    "a registry that is away",
    async () => build(plain, { address: `127.0.0.1:${await freePort()}` }),
    /^agatha:registry: "[\d.:]+" cannot be reached from this machine: .*connection refused\. See that it runs, or set registry\.address\.\n$/,
  ],
])("%s is told in a sentence, and nothing is left", async (_, attempt, sentence) => {
  const { code, output } = await attempt();
  expect(code).toBe(1);
  expect(output).toMatch(sentence);
  expect(output).not.toContain(password);
  expect(await refs()).toEqual([]);
  expect(readdirSync(tmpdir()).filter((name) => /^agatha-registry-(?!test)/.test(name))).toEqual([]);
});
