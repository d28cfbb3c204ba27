/** Images by way of a registry: a real one with a login, and a docker host that has nothing yet, behind a real sshd. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CuttingProxy } from "../support/cuttingProxy.ts";
import { Engine } from "../support/engine.ts";
import { type Ended, execute, freePort } from "../support/host.ts";
import { LocalRegistry } from "../support/registry.ts";
import { type SmallImage, smallImage } from "../support/smallImage.ts";
import { SshServer } from "../support/sshServer.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-registry-test-"));
const password = randomBytes(12).toString("hex");
let engine: Engine;
let ssh: SshServer;
let registry: LocalRegistry;
/** The registry by a way that can be cut. */
let proxy: CuttingProxy;
let behindProxy = "";

beforeAll(async () => {
  const [port, proxyPort] = [await freePort(), await freePort()];
  // Its own end of the link to this machine: the registry listens on the other.
  const here = (address: string) => address.replace(/\d+$/, "1");
  engine = await Engine.make({
    args: ({ address }) =>
      [port, proxyPort].flatMap((one) => ["--insecure-registry", `${here(address)}:${one}`]),
  });
  ssh = await SshServer.on(engine);
  const host = here(engine.address);
  registry = await LocalRegistry.start(join(folder, "registry"), host, password, { port });
  behindProxy = `${host}:${proxyPort}`;
  proxy = await CuttingProxy.start(behindProxy, registry.address);
  small = await smallImage(engine, folder, `agatha-front-image:${"s".repeat(32)}`);
  larger = await smallImage(engine, folder, `agatha-front-image:${"t".repeat(32)}`, small);
});
afterAll(async () => {
  await proxy?.end();
  await registry?.end();
  await ssh?.end();
  await engine?.remove();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const { output } = await engine.docker("image", "ls", "--quiet", "--no-trunc");
  const ids = [...new Set(output.split("\n").filter(Boolean))];
  if (ids.length > 0) await engine.docker("image", "rm", "--force", ...ids);
});

interface Build {
  /** Default: the front's, by Nix. */
  image?: SmallImage;
  /** Over the registry's description. */
  registry?: object;
  secret?: string;
  env?: NodeJS.ProcessEnv;
}

let small: SmallImage;
/** The same layer, and one more. */
let larger: SmallImage;

async function frontRef(): Promise<string> {
  const nix = ["nix", "--argstr", "packages", "debian", "-A", "meta.front.tag"];
  const { output } = await execute("nix-instantiate", ["--eval", "--json", ...nix]);
  return `agatha-front-image:${JSON.parse(output)}`;
}

const kept = (ref: string) => ref.replace(":", ":kept-test-");

/** Runs the build step as Pulumi does, with the registry and its password on standard input. */
async function build({ image, secret = password, ...more }: Build = {}): Promise<Ended> {
  const described = {
    address: registry.address,
    repository: "team/agatha",
    username: registry.username,
    insecure: true,
  };
  const ref = image?.ref ?? (await frontRef());
  const env = {
    ...process.env,
    PATH: image === undefined ? ssh.env["PATH"] : `${image.bin}:${ssh.env["PATH"]}`,
    DOCKER_HOST: ssh.url,
    ALIASES: "agatha-front-image:latest",
    APPLICATION: "{}",
    ATTRIBUTE: "front-image",
    KEPT_AS: kept(ref),
    OUT_LINK: join(folder, "out", `front-image-${ref.split(":")[1]}`),
    PACKAGES: "debian",
    SYSTEM: "x86_64-linux",
    REF: ref,
    REGISTRY: JSON.stringify({ ...described, ...more.registry }),
    ...more.env,
  };
  return new Promise((resolve) => {
    const child = spawn("node", ["steps/build-image.ts"], { env, stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stdin.end(secret);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

const refs = async () =>
  (await engine.docker("image", "ls", "--all", "--digests", "--format", "{{.Repository}}:{{.Tag}}")).output
    .split("\n")
    .filter((ref) => ref !== "" && !ref.includes(":kept-test-"))
    .sort();

/** Told in a sentence, without the password, and nothing is left: neither there nor here. */
async function expectNothing({ code, output }: Ended, sentence: RegExp): Promise<void> {
  expect(output).toMatch(sentence);
  expect(code).toBe(1);
  expect(output).not.toContain(password);
  expect(await refs()).toEqual([]);
  expect(readdirSync(tmpdir()).filter((name) => /^agatha-registry-(?!test)/.test(name))).toEqual([]);
}

it("an image goes there and comes from there to a host behind ssh, and has our names alone", async () => {
  const { code, output } = await build();
  expect(code, output).toBe(0);
  expect(output).toMatch(/ built in [\d.]+ s, pushed to [\d.:]+ in [\d.]+ s, pulled in [\d.]+ s, /);
  expect(registry.uploads()).toBeGreaterThan(2);
  expect(output).toMatch(/MB \(\d+ bytes\)\n$/);
  expect(await refs()).toEqual(["agatha-front-image:latest", await frontRef()].sort());
  // The image runs: its program is the one that Nix built, and says so by what it does not take.
  const probe = ["run", "--rm", "--network", "none", await frontRef(), "/bin/agatha-front", "--help"];
  expect(await engine.docker(...probe)).toEqual({
    code: 2,
    output: 'agatha-front: "--help" is no option. Use --port PORT or --address ADDRESS.\n',
  });
});

it("what the registry has is not sent again, and what of another image it has neither", async () => {
  const first = await build({ image: small });
  expect(first.output).toContain(` pushed to ${registry.address} `);
  const before = registry.uploads();
  await engine.docker("image", "rm", "--force", small.ref, "agatha-front-image:latest", kept(small.ref));
  const again = await build({ image: small });
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain(` found in ${registry.address} `);
  expect(registry.uploads()).toBe(before);
  const changed = await build({ image: larger });
  expect(changed.code, changed.output).toBe(0);
  // The layer that differs, and the image's configuration.
  expect(registry.uploads() - before).toBe(2);
  expect(await refs()).toContain(larger.ref);
});

it.each<[string, () => Promise<Ended>, RegExp]>([
  [
    "a wrong password",
    () => build({ secret: "wrong" }),
    /^agatha:registry: "[\d.:]+" refuses user "agatha" or the password\. Set it: `pulumi config set --secret --path agatha:registry\.password`\.\n$/,
  ],
  [
    "no login",
    () => build({ registry: { username: undefined }, secret: "" }),
    /^agatha:registry: "[\d.:]+" wants a login\. Set registry\.username, and registry\.password as a secret\.\n$/,
  ],
  [
    "a registry without TLS",
    () => build({ registry: { insecure: false } }),
    /^agatha:registry: "[\d.:]+" speaks no TLS to this machine\. Set registry\.insecure to true, if the way there is safe\.\n$/,
  ],
  [
    "a registry that is away",
    async () => build({ registry: { address: `127.0.0.1:${await freePort()}` } }),
    /^agatha:registry: "[\d.:]+" cannot be reached from this machine: .*connection refused\. See that it runs, or set registry\.address\.\n$/,
  ],
])("%s is told in a sentence, and nothing is left", async (_, attempt, sentence) => {
  await expectNothing(await attempt(), sentence);
});

it("one that the docker host does not reach is told as such; reached, what was pushed is found", async () => {
  const { hostname } = new URL(`http://${registry.address}`);
  const route = (what: string) =>
    execute("ip", ["-n", engine.name, "route", what, "unreachable", `${hostname}/32`]);
  const away = { image: small, registry: { repository: "away" } };
  expect((await route("add")).code).toBe(0);
  const failed = await build({ ...away, env: { DOCKER_HOST: engine.host } }).finally(() => route("del"));
  await expectNothing(
    failed,
    /^agatha:registry: "[\d.:]+" cannot be reached from the docker host: .*no route to host\. See that it runs, or set registry\.address\.\n$/,
  );
  const again = await build(away);
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain(` found in ${registry.address} `);
});

it("a connection that is lost in the middle of a push is told as such; the next one goes on", async () => {
  const lost = { image: small, registry: { address: behindProxy, repository: "lost" } };
  proxy.left = 4e6;
  const failed = await build(lost);
  proxy.left = Number.POSITIVE_INFINITY;
  await expectNothing(
    failed,
    /^agatha:registry: "[\d.:]+" lost its connection to this machine\. Run up again: no partial data is left, and blobs that arrived are not sent again\.\n$/,
  );
  const again = await build(lost);
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain(` pushed to ${behindProxy} `);
  expect(await refs()).toEqual(["agatha-front-image:latest", small.ref]);
});

describe("by TLS with a CA of its own", () => {
  let secure: LocalRegistry;
  /** Where docker's engine looks, and skopeo too. */
  let known = "";
  const DOCKERS = "/etc/docker/certs.d";
  /** The first folder that this test makes. */
  let made: string | undefined;

  beforeAll(async () => {
    const { hostname } = new URL(`http://${registry.address}`);
    secure = await LocalRegistry.start(join(folder, "secure"), hostname, password, { tls: true });
    known = join(DOCKERS, secure.address);
  });
  afterAll(async () => {
    if (made !== undefined) rmSync(made, { recursive: true });
    await secure?.end();
  });

  const attempt = (env: NodeJS.ProcessEnv = {}) =>
    build({ image: small, registry: { address: secure.address, insecure: false }, env });
  const trust = (certificates: string) => {
    const first = mkdirSync(certificates, { recursive: true });
    cpSync(join(folder, "secure/tls/ca.pem"), join(certificates, "ca.crt"));
    return first;
  };
  const refusal = (who: string) =>
    new RegExp(
      `^agatha:registry: "${secure.address}" shows a certificate that ${who} does not trust\\. Put the certificate of its CA into ${known}/ca\\.crt on ${who}\\.\n$`,
    );

  it("both machines have to know that, and then it is used", async () => {
    await expectNothing(await attempt(), refusal("this machine"));
    // Known to this user's skopeo alone: the image gets there, and not from there.
    const home = join(folder, "home");
    trust(join(home, ".config/containers/certs.d", secure.address));
    // The home of ssh is the user's, whatever the variable says.
    await expectNothing(await attempt({ HOME: home }), refusal("the docker host"));
    expect(secure.uploads()).toBe(2);
    made = trust(known);
    const { code, output } = await attempt();
    expect(code, output).toBe(0);
    expect(output).toContain(` found in ${secure.address} `);
    expect(await refs()).toEqual(["agatha-front-image:latest", small.ref]);
  });
});
