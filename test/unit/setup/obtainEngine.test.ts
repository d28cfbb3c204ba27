/** Which Pulumi set-up takes, with programs that stand in for it: a clone of its own, where nothing is built. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { execute } from "../../support/host.ts";

// It starts programs, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "agatha-clone-"));
  for (const file of ["package-lock.json", "offline/engine/plugins/go.mod"]) cpSync(file, join(clone, file));
});
afterEach(() => rmSync(clone, { recursive: true }));

function program(path: string, script: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), `#!/bin/bash\n${script}\n`);
  chmodSync(join(clone, path), 0o755);
}

/** A CLI with the plugin `command`, which gets `docker` or says why not. */
const cli = (version: string, install: string) =>
  program(
    "machine/pulumi",
    `case "$1 $2" in
      "version ") echo ${version};;
      "plugin ls") echo '[{"name":"command","version":"1.2.1"}'; cat ${clone}/got 2>/dev/null; echo ']';;
      "plugin install") echo "$@" >>${clone}/installs; ${install};;
    esac`,
  );
const NO_PLUGIN = 'echo "[resource plugin docker-5.2.0] installing"; echo "error: no such host" >&2; exit 1';

/** A build that puts what build.sh does where it does, or fails. */
const builds = (script = "") =>
  program(
    "offline/engine/build.sh",
    `echo "$@" >builds; ${script}
     for plugin in docker-v5.2.0 command-v1.2.1; do
       mkdir -p .tools/pulumi-home/plugins/resource-$plugin
       touch .tools/pulumi-home/plugins/resource-$plugin/pulumi-resource-\${plugin%-v*}
     done`,
  );

async function obtain(): Promise<string> {
  // No release is asked for: there is no network here.
  const script = `globalThis.fetch = () => Promise.reject(new Error("no network"));
    const { obtainEngine } = await import(${JSON.stringify(resolve("setup/engine.ts"))});
    await obtainEngine({ note() {} }).then(console.log, (error) => console.log("STOP", error.message));`;
  const run = `cd '${clone}' && exec '${process.execPath}' --input-type=module -e '${script.replaceAll("'", "'\\''")}'`;
  const env = { ...process.env, PATH: `${clone}/.tools/bin:${clone}/machine:/usr/bin:/bin` };
  return (await execute("bash", ["-c", run], env)).output;
}
const BUILT = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-docker", "pulumi-resource-command"];
const read = (name: string) => readFileSync(join(clone, name), "utf8").trim();

it("the machine's CLI gets the plugin that it lacks, and nothing is built", async () => {
  builds();
  cli("v3.259.0", `echo ',{"name":"docker","version":"5.2.0"}' >${clone}/got`);
  expect(await obtain()).toBe(`Pulumi v3.259.0 at ${clone}/machine/pulumi\n`);
  expect(read("installs")).toBe("plugin install resource docker v5.2.0");
  expect(existsSync(join(clone, "builds"))).toBe(false);
});

it("the machine's CLI stays if a plugin cannot be downloaded, and set-up says which and why", async () => {
  builds();
  cli("v3.259.0", NO_PLUGIN);
  expect((await obtain()).split("\n")).toEqual([
    `pulumi engine    ${clone}/machine/pulumi stays, and its plugins are built from Go modules, since it lacks the plugin docker 5.2.0 (no such host)`,
    `Pulumi v3.259.0 at ${clone}/machine/pulumi, its plugins built from Go modules`,
    "",
  ]);
  expect(read("builds")).toBe("--out .tools/unused");
  expect(existsSync(join(clone, ".tools/bin/pulumi"))).toBe(false);
  // The next time, neither is asked again.
  rmSync(join(clone, "installs"));
  await obtain();
  expect(existsSync(join(clone, "installs"))).toBe(false);
});

it("if the plugins cannot be built either, both reasons are shown", async () => {
  builds('echo "toolchain: Go was not found." >&2; exit 1');
  cli("v3.259.0", NO_PLUGIN);
  expect(await obtain()).toContain(
    `STOP pulumi engine: Go was not found.\n${clone}/machine/pulumi lacks the plugin docker 5.2.0 (no such host). Install`,
  );
});

it("an engine that was built gives way to a CLI that the machine has got since", async () => {
  builds();
  for (const name of BUILT) program(`.tools/bin/${name}`, "echo v3.256.0");
  await execute("bash", ["-c", `cd '${clone}' && bash offline/engine/build.sh && rm builds`]);
  expect(await obtain()).toBe("Pulumi v3.256.0, built from Go modules\n");
  cli("v3.219.0", NO_PLUGIN);
  expect(await obtain()).toBe("Pulumi v3.256.0, built from Go modules\n");
  cli("v3.259.0", NO_PLUGIN);
  expect(await obtain()).toBe(
    `Pulumi v3.259.0 at ${clone}/machine/pulumi, its plugins built from Go modules\n`,
  );
  for (const name of BUILT) expect(existsSync(join(clone, ".tools/bin", name))).toBe(false);
});

it("an engine that was built of other sources is built again", async () => {
  program("machine/go", "exit 0");
  for (const name of BUILT) program(`.tools/bin/${name}`, "echo v3.256.0");
  builds();
  await execute("bash", ["-c", `cd '${clone}' && bash offline/engine/build.sh && rm builds`]);
  await obtain();
  // build.sh knows whether they are the same, and is done at once then.
  expect(existsSync(join(clone, "builds"))).toBe(true);
});

// `up` ended there, although all that it needs was at hand.
it("an engine that was built stays if it cannot be built again, and set-up says so", async () => {
  program("machine/go", "exit 0");
  for (const name of BUILT) program(`.tools/bin/${name}`, "echo v3.256.0");
  builds();
  await execute("bash", ["-c", `cd '${clone}' && bash offline/engine/build.sh`]);
  builds('echo "toolchain: building failed." >&2; exit 1');
  const engine = "pulumi engine    the earlier build stays: building failed.\n";
  expect(await obtain()).toBe(`${engine}Pulumi v3.256.0, built from Go modules\n`);
  // The same of plugins beside the machine's CLI.
  cli("v3.259.0", NO_PLUGIN);
  expect(await obtain()).toBe(
    `${engine}Pulumi v3.259.0 at ${clone}/machine/pulumi, its plugins built from Go modules\n`,
  );
});

it("an official release in the clone is not taken for a built one, nor overwritten", async () => {
  program("machine/go", "exit 0");
  for (const name of BUILT.slice(0, 2)) program(`.tools/bin/${name}`, "echo v3.256.0");
  builds();
  await execute("bash", ["-c", `cd '${clone}' && bash offline/engine/build.sh && rm builds`]);
  expect(await obtain()).toBe(
    `Pulumi v3.256.0 at ${clone}/.tools/bin/pulumi, its plugins built from Go modules\n`,
  );
  expect(read("builds")).toBe("--out .tools/unused");
});
