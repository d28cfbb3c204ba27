/** What is sent to a real daemon: the missing layers, or everything if that is refused, and no partial data is left. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { which } from "../../lib/process.ts";
import { type Ended, execute } from "../support/scratch.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-loads-"));
const real = { docker: which("docker") ?? "docker", front: "" };
/** The test's own tag, so that no stack's image is touched. */
const name = "agatha-front-image";
let tag = "";
let layers: string[] = [];

beforeAll(async () => {
  // An option that no stack has makes the image this test's own.
  const application = JSON.stringify({ front: { port: 5999 } });
  const nix = ["nix", "--argstr", "packages", "debian", "--argstr", "application", application];
  const link = join(folder, "front");
  expect(await execute("nix-build", [...nix, "-A", "front-image", "--out-link", link])).toMatchObject({
    code: 0,
  });
  const meta = await execute("nix-instantiate", ["--eval", "--json", "-A", "meta.front.tag", ...nix]);
  tag = JSON.parse(meta.output) as string;
  real.front = link;
  const list = JSON.parse((await execute(link, ["--layers"])).output) as { digest: string }[];
  layers = list.map(({ digest }) => digest);
});
afterAll(async () => {
  await remove();
  rmSync(folder, { recursive: true, force: true });
});

const remove = () =>
  execute("docker", [
    "image",
    "rm",
    "--force",
    ...[tag, "loads-test", "kept-loads-test"].map((one) => `${name}:${one}`),
  ]);
const present = async () => (await execute("docker", ["image", "inspect", `${name}:${tag}`])).code === 0;

/** A folder for PATH with a nix-build that has already built `image`, and the given programs. */
function programs(image: string, scripts: Record<string, string> = {}): string {
  const path = mkdtempSync(join(folder, "bin-"));
  const all = { "nix-build": `while [ $# -gt 1 ]; do shift; done\nln -sfn ${image} "$1"`, ...scripts };
  for (const [program, script] of Object.entries(all)) {
    writeFileSync(join(path, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(path, program), 0o755);
  }
  return path;
}

function environment(path: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${path}:${process.env["PATH"]}`,
    ALIASES: `${name}:loads-test`,
    APPLICATION: "{}",
    ATTRIBUTE: "front-image",
    KEPT_AS: `${name}:kept-loads-test`,
    OUT_LINK: join(folder, "out", `front-image-${tag}`),
    PACKAGES: "debian",
    SYSTEM: "x86_64-linux",
    REF: `${name}:${tag}`,
  };
}

const load = (path: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  execute("node", ["steps/build-image.ts"], { ...environment(path), ...env });

it("layers that the daemon has are not sent again", async () => {
  const path = programs(real.front);
  await load(path);
  const { output } = await load(path);
  expect(output).toMatch(
    new RegExp(
      `^${name}:${tag} is in docker already, [\\d.]+ MB \\((\\d+) bytes\\)\\n\\{"sizeBytes":\\1\\}\\n$`,
    ),
  );
});

// An image program of nixpkgs always writes the whole archive; the step removes the layers.
it.each(["debian", "nixpkgs"])(
  "layers that the daemon has under another name are not sent (%s)",
  async (packages) => {
    // The alias keeps the layers in docker.
    await execute("docker", ["image", "rm", `${name}:${tag}`]);
    const { output } = await load(programs(real.front), { PACKAGES: packages });
    // Run by hand, DOCKER_HOST may name a newer engine, whose containerd store accepts only whole archives.
    const whole = (await execute("docker", ["info", "--format", "{{.DriverStatus}}"])).output.includes(
      "io.containerd",
    );
    expect(output).toContain(` ${whole ? layers.length : 0} of ${layers.length} layers, `);
    expect(await present()).toBe(true);
  },
);

it("everything is sent if the daemon lacks layers that its images name", async () => {
  await remove();
  const claimed = `["${layers.join('","')}"]`;
  const docker = `case "$*" in *RootFS.Layers*) echo '${claimed}';; *) exec ${real.docker} "$@";; esac`;
  const { code, output } = await load(programs(real.front, { docker }));
  expect(code, output).toBe(0);
  expect(output).toContain(` ${layers.length} of ${layers.length} layers, `);
  expect(await present()).toBe(true);
});

/** Reports that the daemon keeps its images in containerd's store. */
const containerd = `info) echo '[["driver-type","io.containerd.snapshotter.v1"]]';;`;

it("everything is sent to the containerd store", async () => {
  await execute("docker", ["image", "rm", `${name}:${tag}`]);
  const docker = `case "$1" in ${containerd} *) exec ${real.docker} "$@";; esac`;
  const { output } = await load(programs(real.front, { docker }));
  expect(output).toContain(` ${layers.length} of ${layers.length} layers, `);
});

it("an interrupted load leaves no image under the ref, and no process", async () => {
  await remove();
  mkdirSync(join(folder, "slow"), { recursive: true });
  const slow = join(folder, "slow", "image");
  // A number that no other process has in its arguments, to find it by.
  const sleeps = `sleep ${randomInt(1e8, 1e9)}`;
  const pending = async () => (await execute("pgrep", ["--full", `^${sleeps}$`])).code === 0;
  writeFileSync(
    slow,
    `#!/bin/sh\n[ "$1" != --layers ] || exec ${real.front} --layers\n${real.front} | { head -c 2000000; exec ${sleeps}; }\n`,
  );
  chmodSync(slow, 0o755);
  const child = spawn("node", ["steps/build-image.ts"], {
    env: environment(programs(slow)),
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // The archive's beginning was sent, and the rest never follows.
  await vi.waitFor(async () => expect(await pending()).toBe(true), { timeout: 60_000, interval: 100 });
  process.kill(-(child.pid as number), "SIGTERM");
  await ended;
  expect(await present()).toBe(false);
  expect(await pending()).toBe(false);
  expect((await load(programs(real.front))).code).toBe(0);
  expect(await present()).toBe(true);
});

it("a full disk of the daemon is reported", async () => {
  const docker = `case "$1" in load) cat >/dev/null; echo "write /x: no space left on device" >&2; exit 1;; *) exec ${real.docker} "$@";; esac`;
  await remove();
  const { code, output } = await load(programs(real.front, { docker }));
  expect(code).toBe(1);
  expect(output).toMatch(/^docker: (the docker host|\S+) has no space left on its disk\. Free some .*\n$/);
});

it("a failed load keeps the tag that another stack made meanwhile", async () => {
  await remove();
  const docker = `${real.docker} "$@" || exit 1; [ "$1" != load ] || { echo "broken pipe" >&2; exit 1; }`;
  expect((await load(programs(real.front, { docker }))).code).toBe(1);
  expect(await present()).toBe(true);
});

// docker load exits with 0 and tags the image: moby 27.5.1 to 29, daemon/containerd/image_exporter.go.
it("an image that the containerd store could not unpack is removed", async () => {
  await remove();
  const unpacking = `load) ${real.docker} "$@" || exit 1; echo "Error unpacking image x: wrong diff id";;`;
  const docker = `case "$1" in ${containerd} ${unpacking} *) exec ${real.docker} "$@";; esac`;
  const { code, output } = await load(programs(real.front, { docker }));
  expect(code, output).toBe(1);
  expect(output).toBe("docker load: Error unpacking image x: wrong diff id\n");
  expect(await present()).toBe(false);
});
