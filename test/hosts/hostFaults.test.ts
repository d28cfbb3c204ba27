/** A docker host's full disk, and a connection that is lost during a load: both are reported, and no partial data is left. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { execute } from "../support/host.ts";
import { SshServer } from "../support/sshServer.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-host-faults-"));
let engine: Engine;
let ssh: SshServer;
/** The program that writes the image, and the image's ref. */
let image = "";
let ref = "";

beforeAll(async () => {
  const nix = ["nix", "--argstr", "packages", "debian", "-A"];
  image = join(folder, "front");
  const built = await execute("nix-build", [...nix, "front-image", "--out-link", image]);
  expect(built.code, built.output).toBe(0);
  const meta = await execute("nix-instantiate", ["--eval", "--json", ...nix, "meta.front.tag"]);
  ref = `agatha-front-image:${JSON.parse(meta.output)}`;
  engine = await Engine.make({ dataSize: "60m" });
  ssh = await SshServer.on(engine);
});
afterAll(async () => {
  await ssh?.end();
  await engine?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Loads the image on the host, as after a nix-build. */
function load(program: string) {
  const path = mkdtempSync(join(folder, "bin-"));
  const fake = `#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\nln -sfn ${program} "$1"\n`;
  writeFileSync(join(path, "nix-build"), fake);
  chmodSync(join(path, "nix-build"), 0o755);
  return execute("node", ["steps/build-image.ts"], {
    ...process.env,
    PATH: `${path}:${ssh.env["PATH"]}`,
    DOCKER_HOST: ssh.url,
    ALIASES: "agatha-front-image:host-faults-test",
    APPLICATION: "{}",
    ATTRIBUTE: "front-image",
    KEPT_AS: ref.replace(":", ":kept-test-"),
    OUT_LINK: join(folder, "out", `front-image-${ref.split(":")[1]}`),
    PACKAGES: "debian",
    SYSTEM: "x86_64-linux",
    REF: ref,
  });
}

/** Bytes of all image data on the host, including layers of a failed load. */
async function kept(): Promise<number> {
  expect((await engine.docker("image", "ls", "--all", "--quiet")).output).toBe("");
  const { output } = await execute("du", ["--bytes", "--summarize", join(engine.folder, "data", "overlay2")]);
  return Number(output.split("\t")[0]);
}

it("a full disk is reported, and no part of the image stays on it", async () => {
  const before = await kept();
  const { code, output } = await load(image);
  expect(code).toBe(1);
  expect(output).toBe(
    `docker: ${ssh.url} has no space left on its disk. Free some (\`docker system df\` shows what takes it), then run up again.\n`,
  );
  expect((await kept()) - before).toBeLessThan(1e6);
});

it("a lost connection is reported; the next load goes on", async () => {
  await execute("mount", ["-o", "remount,size=600m", join(engine.folder, "data")]);
  // Writes the archive's first 20 MB at once and the rest in pieces, as over a slow line.
  mkdirSync(join(folder, "slow"));
  const slow = join(folder, "slow", "image");
  const slowly = `import { spawn } from "node:child_process";
    let left = 20e6;
    const writer = spawn(${JSON.stringify(image)}, { stdio: ["ignore", "pipe", "ignore"] });
    process.on("SIGTERM", () => { writer.kill(); process.exit(1); });
    writer.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      if ((left -= chunk.length) > 0) return;
      writer.stdout.pause();
      setTimeout(() => writer.stdout.resume(), 200);
    });
    process.stdout.on("error", () => {});`;
  writeFileSync(`${slow}.mjs`, slowly);
  writeFileSync(
    slow,
    `#!/bin/sh\n[ "$1" = --layers ] && exec ${image} --layers\nexec ${process.execPath} ${slow}.mjs\n`,
  );
  chmodSync(slow, 0o755);
  const before = await kept();
  const loading = load(slow);
  // Until the load has reached the host, which first writes into a temporary folder.
  for (let looks = 0; !arriving() && looks < 300; looks++) await sleep(200);
  expect(arriving()).toBe(true);
  await sleep(500);
  await ssh.drop();
  const { code, output } = await loading;
  expect(code).toBe(1);
  expect(output).toBe(
    `docker: the connection to ${ssh.url} was lost. Run up again: no partial data is left, and what arrived is not sent again.\n`,
  );
  expect((await kept()) - before).toBeLessThan(1e6);

  const again = await load(image);
  expect(again.code, again.output).toBe(0);
  const inspected = await engine.docker("image", "inspect", "--format", "{{.Id}}", ref);
  expect(inspected.output).toMatch(/^sha256:/);
});

const arriving = (): boolean =>
  readdirSync(join(engine.folder, "data", "tmp")).some((name) => name.startsWith("docker-import-"));
