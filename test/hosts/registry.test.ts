/** Images through a real registry with a login, to an empty docker host behind a real sshd. */
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
/** The registry behind a proxy that can cut the connection. */
let proxy: CuttingProxy;
let behindProxy = "";

beforeAll(async () => {
  const [port, proxyPort] = [await freePort(), await freePort()];
  // The host's end of the link to this machine; the registry listens on the other end.
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
  /** Overrides parts of the registry's description. */
  registry?: object;
  secret?: string;
  env?: NodeJS.ProcessEnv;
}

let small: SmallImage;
/** That layer and one more. */
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

/** The error is user-facing, without the password, and nothing is left on either machine. */
async function expectNothing({ code, output }: Ended, sentence: RegExp): Promise<void> {
  expect(output).toMatch(sentence);
  expect(code).toBe(1);
  expect(output).not.toContain(password);
  expect(await refs()).toEqual([]);
  expect(readdirSync(tmpdir()).filter((name) => /^agatha-registry-(?!test)/.test(name))).toEqual([]);
}

it("an image reaches a host behind ssh through the registry, and has only our names", async () => {
  const { code, output } = await build();
  expect(code, output).toBe(0);
  expect(output).toMatch(/ built in [\d.]+ s, pushed to [\d.:]+ in [\d.]+ s, pulled in [\d.]+ s, /);
  expect(registry.uploads()).toBeGreaterThan(2);
  expect(output).toMatch(/MB \((\d+) bytes\)\n\{"sizeBytes":\1\}\n$/);
  expect(await refs()).toEqual(["agatha-front-image:latest", await frontRef()].sort());
  // The image runs the program that Nix built, as its error for a wrong argument shows.
  const probe = ["run", "--rm", "--network", "none", await frontRef(), "/bin/agatha-front", "--help"];
  expect(await engine.docker(...probe)).toEqual({
    code: 2,
    output: 'agatha-front: "--help" is no option. Use --port PORT or --address ADDRESS.\n',
  });
});

it("blobs that the registry has are not sent again, even those of another image", async () => {
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
  // The changed layer, and the image's configuration.
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
    "an unreachable registry",
    async () => build({ registry: { address: `127.0.0.1:${await freePort()}` } }),
    /^agatha:registry: "[\d.:]+" cannot be reached from this machine: .*connection refused\. Check that it runs, or set registry\.address\.\n$/,
  ],
])("%s is reported, and nothing is left behind", async (_, attempt, sentence) => {
  await expectNothing(await attempt(), sentence);
});

it("a registry that the docker host cannot reach is reported; once it can, the pushed image is used", async () => {
  const { hostname } = new URL(`http://${registry.address}`);
  const route = (what: string) =>
    execute("ip", ["-n", engine.name, "route", what, "unreachable", `${hostname}/32`]);
  const away = { image: small, registry: { repository: "away" } };
  expect((await route("add")).code).toBe(0);
  const failed = await build({ ...away, env: { DOCKER_HOST: engine.host } }).finally(() => route("del"));
  await expectNothing(
    failed,
    /^agatha:registry: "[\d.:]+" cannot be reached from the docker host: .*no route to host\. Check that it runs, or set registry\.address\.\n$/,
  );
  const again = await build(away);
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain(` found in ${registry.address} `);
});

it("a connection that is lost during a push is reported; the next push goes on", async () => {
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

describe("a registry with its own CA", () => {
  let secure: LocalRegistry;
  /** Where both the docker daemon and skopeo look. */
  let known = "";
  const DOCKERS = "/etc/docker/certs.d";
  /** The topmost folder that this test creates. */
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

  it("is used once both machines know the CA", async () => {
    await expectNothing(await attempt(), refusal("this machine"));
    // Only this user's skopeo knows the CA: the push succeeds, the pull fails.
    const home = join(folder, "home");
    trust(join(home, ".config/containers/certs.d", secure.address));
    // ssh uses the user's home, whatever HOME is.
    await expectNothing(await attempt({ HOME: home }), refusal("the docker host"));
    expect(secure.uploads()).toBe(2);
    made = trust(known);
    const { code, output } = await attempt();
    expect(code, output).toBe(0);
    expect(output).toContain(` found in ${secure.address} `);
    expect(await refs()).toEqual(["agatha-front-image:latest", small.ref]);
  });
});
