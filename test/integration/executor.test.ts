/** A deployment as Pulumi Cloud runs it, in the executor's image: clone, pre-run commands, preview, update. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildExecutor, type ExecutorImage, pushExecutor } from "../../deployments/executor.ts";
import { bundle, Executor } from "../support/executor.ts";
import { execute } from "../support/host.ts";
import { putEntry } from "../support/jar.ts";
import { changes, readOperations } from "../support/operations.ts";
import { Page } from "../support/page.ts";
import { LocalRegistry } from "../support/registry.ts";
import { Scratch } from "../support/scratch.ts";
import { SshServer } from "../support/sshServer.ts";

/** Where the page's command links the image. */
const LINKS = ".state/executor";
const linked = existsSync(LINKS);
let scratch: Scratch;
let executor: Executor;
let image: ExecutorImage;

beforeAll(async () => {
  scratch = await Scratch.make();
  // An image of the back that this host does not have, so it is built in the executor.
  await putEntry(scratch.jar, "executor.txt", `${scratch.stack}\n`);
  image = await buildExecutor("debian", join(scratch.folder, "executor"), process.env);
  // Already built: it is loaded, and the step says so.
  const page = new Page("docs/deployments.md", "integration/executor.test.ts", {
    stacks: {},
    env: process.env,
  });
  expect(await page.run("executor")).toContain(`executorImage: ${image.ref}`);
  await page.end();
  const source = await bundle(scratch.folder);
  executor = await Executor.start(image.ref, scratch);
  await executor.well(`git clone --quiet --branch main ${source} .`);
  await executor.install();
});
afterAll(async () => {
  if (!linked) rmSync(LINKS, { recursive: true, force: true });
  await scratch?.remove();
});

let runs = 0;
async function pulumi(operation: string) {
  scratch.writeConfig();
  const log = join(scratch.folder, `executor-${runs++}.json`);
  const where = `--stack ${scratch.stack} --config-file ${scratch.configFile}`;
  const how = `--non-interactive --color never --event-log ${log}`;
  const output = await executor.well(`pulumi ${operation} ${where} ${how}`);
  return { operations: readOperations(log, scratch.stack), output };
}

const preview = () => pulumi("preview --diff");
const up = () => pulumi("up --yes --skip-preview");

interface Layer {
  paths: string[];
  size: number;
}

it("has the programs that are needed, and no documentation", async () => {
  const programs = "bash env git ssh docker nix-build nix-instantiate node npm pulumi pulumi-language-nodejs";
  const places = await executor.well(`for program in ${programs}; do command -v $program; done`);
  expect(places.split("\n")).toHaveLength(programs.split(" ").length);
  expect(places.split("\n").filter((place) => !place.startsWith("/nix/store/"))).toEqual([]);
  await executor.well("docker version && node --version && npm --version && git --version && ssh -V");
  const documents = "-path '*/share/doc' -o -path '*/share/man' -o -path '*/npm/docs' -o -name '*.html'";
  // The image's own content, not what was built since.
  const inside = `for root in /nix/var/nix/gcroots/docker/*; do find "$(readlink "$root")" ${documents}; done`;
  expect(await executor.well(inside)).toBe("");
});

it("has what changes most in its last layers", async () => {
  const { output } = await execute(image.program, ["--layers"]);
  const layers = JSON.parse(output) as Layer[];
  const at = (name: RegExp) => layers.findIndex(({ paths }) => paths.some((path) => name.test(path)));
  const order = [
    /-glibc$/,
    /-nodejs-slim-/,
    /-docker-client$/,
    /-pulumi-engine$/,
    /-pulumi-resource-docker$/,
  ];
  const places = order.map(at);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places[0]).toBe(0);
  // The database of the store names every path.
  expect(layers.at(-1)?.paths).toEqual([]);
  // 518 MB when this was written, 246 of them Pulumi and its plugins.
  expect(layers.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(560e6);
});

it("can no longer download anything, so that what follows comes from the image and the machine", async () => {
  const { output } = await executor.run("cat /proc/net/route | wc -l");
  expect(output.trim()).toBe("1");
});

it("knows its own store, and builds without root, whichever user starts it", async () => {
  expect(await executor.well("id -u")).toBe("1000");
  await executor.well("nix-store --check-validity /nix/store/*");
  expect(await executor.well("nix-store --verify --check-contents 2>&1")).not.toMatch(
    /error|missing|modified/,
  );
  const builder = `builder = "/bin/bash"; args = [ "-c" "/bin/busybox id -u > $out" ];`;
  const expression = `derivation { name = "who"; system = builtins.currentSystem; ${builder} }`;
  const build = `cat $(nix-build --no-out-link -E '${expression}')`;
  const settings = ["--network", "none", "--env", "NIX_CONFIG=substituters ="];
  const run = (...user: string[]) =>
    execute("docker", [
      "run",
      "--rm",
      ...settings,
      ...user,
      image.ref,
      "bash",
      "-c",
      `cd /tmp && ${build} 2>&1`,
    ]);
  expect((await run()).output).toMatch(/^1000$/m);
  // As root, by a build user.
  expect((await run("--user", "0")).output).toMatch(/^3000[1-4]$/m);
});

it("reaches a docker host over ssh, with the key that a pre-run command wrote", async () => {
  const sshd = await SshServer.here(join(scratch.folder, "sshd"));
  const secrets = {
    SSH_KEY: readFileSync(sshd.secrets.key, "utf8"),
    SSH_KNOWN_HOSTS: readFileSync(sshd.secrets.knownHosts, "utf8"),
  };
  // By name only: everybody can see arguments.
  const given = Object.keys(secrets).flatMap((name) => ["--env", name]);
  const place = ["--network", "host", "--volume", `${process.cwd()}:/clone:ro`, "--workdir", "/clone"];
  const ask = `docker --host ${sshd.url} version --format {{.Server.Version}}`;
  const run = (command: string) =>
    execute("docker", ["run", "--rm", ...given, ...place, image.ref, "bash", "-c", command], {
      ...process.env,
      ...secrets,
    });
  try {
    const server = await execute("docker", ["version", "--format", "{{.Server.Version}}"]);
    const answered = await run(`node scripts/ssh-key.ts && stat -c %a ~/.ssh/agatha-docker-host && ${ask}`);
    expect(answered.output).toContain(`\n600\n${server.output}`);
    // It was this key that worked.
    expect((await run(ask)).code).not.toBe(0);
  } finally {
    await sshd.end();
  }
});

it("previews, and deploys what it built itself", async () => {
  const previewed = await preview();
  const { operations, output } = await up();
  expect(operations).toEqual(previewed.operations);
  expect(new Set(Object.values(operations))).toEqual(new Set(["create"]));
  expect(`${previewed.output}${output}`).not.toMatch(/^\s*warning:/m);
  expect(output).toMatch(/back-image:\w{32} built in .* layers/);
  expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
  expect((await fetch(scratch.frontUrl)).status).toBe(200);
});

it("changes nothing when nothing changed, here or on another machine", async () => {
  const { operations } = await up();
  expect(changes(operations)).toEqual({});
  const here = await scratch.preview();
  expect(here.code, here.output).toBe(0);
  expect(changes(here.operations)).toEqual({});
  // The executor goes on with what this machine wrote.
  await execute("chown", ["-R", "1000:1000", scratch.folder]);
});

it("applies a migration that was pushed", async () => {
  writeFileSync(join(scratch.migrations, "V99__note.sql"), "CREATE TABLE note (id bigint PRIMARY KEY);\n");
  const { operations } = await up();
  expect(changes(operations)).toMatchObject({
    "back-container": "replace",
    "db-schema-migrations": "replace",
  });
  expect(await scratch.sql("select to_regclass('note')")).toEqual(["note"]);
});

it("is pushed to a registry, and the digest is printed", async () => {
  const [password, login] = [randomBytes(9).toString("hex"), join(scratch.folder, "docker")];
  const registry = await LocalRegistry.start(join(scratch.folder, "registry"), "127.0.0.1", password);
  const name = `${registry.address}/agatha-executor`;
  // Any image will do; docker takes half a minute to compress the executor's.
  const { images } = (await scratch.outputs()) as { images: { back: { ref: string } } };
  const { ref } = images.back;
  const auth = Buffer.from(`${registry.username}:${password}`).toString("base64");
  mkdirSync(login);
  const config = join(login, "config.json");
  writeFileSync(config, JSON.stringify({ auths: { [registry.address]: { auth } } }), { mode: 0o600 });
  try {
    await expect(pushExecutor(ref, name)).rejects.toThrow(/^docker push [\s\S]*docker login/);
    const pushed = await pushExecutor(ref, name, { ...process.env, DOCKER_CONFIG: login });
    expect(pushed).toMatch(/^127\.0\.0\.1:\d+\/agatha-executor@sha256:[0-9a-f]{64}$/);
    const manifest = await fetch(
      `http://${registry.address}/v2/agatha-executor/manifests/${pushed.split("@")[1]}`,
      {
        headers: {
          accept: "application/vnd.docker.distribution.manifest.v2+json",
          authorization: `Basic ${auth}`,
        },
      },
    );
    expect(manifest.status).toBe(200);
  } finally {
    await execute("docker", ["image", "rm", `${name}:${ref.split(":")[1]}`]);
    await registry.end();
  }
});

it("refuses a name with a tag", async () => {
  await expect(pushExecutor(image.ref, "registry.example.com/agatha-executor:1")).rejects.toThrow(
    '--push: "registry.example.com/agatha-executor:1" is not an image\'s name without tag.',
  );
});
