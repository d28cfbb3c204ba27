/**
 * A docker host of another architecture. None is available, so a docker client reports arm64, and where a builder is
 * needed, Nix treats x86_64 as arm64. Everything else is real.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { which } from "../../lib/process.ts";
import { Engine } from "../support/engine.ts";
import { changes, Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";

const ARM = "aarch64-linux";
/** All that a refused update creates: the Stash with the stack's docker host, and the providers. */
const LOOKED = { default: "create", docker: "create", "docker-host": "create" };
let engine: Engine;
let scratch: Scratch;
/** What Nix was asked for. */
let asked = "";

beforeAll(async () => {
  engine = await Engine.make();
  const { host, address } = engine;
  scratch = await Scratch.make({ dockerHost: host, env: {}, address, inspect: host });
  asked = join(scratch.folder, "asked");
});
afterAll(async () => {
  await scratch?.remove().finally(() => engine.remove());
});

/** Reports an arm64 engine, and is the real client otherwise. */
const armDocker = () => `
  case "$*" in
    "info --format "*Architecture*) "${which("docker")}" "$@" | sed 's/x86_64$/aarch64/' ;;
    *) exec "${which("docker")}" "$@" ;;
  esac`;

/** The real one, except for the system. */
const forArm = (program: string) => `
  echo "${program} $*" >>"${asked}"
  exec "${which(program)}" "\${@//${ARM}/x86_64-linux}"`;

/** A PATH on which these programs come first. */
function withPrograms(programs: Record<string, string>): NodeJS.ProcessEnv {
  const folder = join(scratch.folder, `bin-${Object.keys(programs).join("-")}`);
  if (!existsSync(folder)) mkdirSync(folder);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: `${folder}:${process.env["PATH"]}` };
}

const evaluable = () => ({ docker: armDocker(), "nix-instantiate": forArm("nix-instantiate") });
const buildable = () => withPrograms({ ...evaluable(), "nix-build": forArm("nix-build") });

it('is refused with the set "debian", in a preview too', async () => {
  const { code, output, operations } = await scratch.preview(withPrograms({ docker: armDocker() }));
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toContain(
    `agatha:packages: "debian" is for x86_64-linux only, this is ${ARM}. Set it to "nixpkgs".`,
  );
  expect(changes(operations)).toEqual(LOOKED);
});

it("is refused by an update that has no builder for it, before anything is touched", async () => {
  const env = withPrograms(evaluable());
  const preview = await scratch.preview(env);
  expect(preview.code, preview.output).toBe(0);
  const { code, output, operations } = await scratch.up(env);
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toMatch(
    /nix: images for aarch64-linux are wanted, for the docker host unix:\S+, and this machine's Nix has no builder for that\. Give it one as docs\/platforms\.md describes, or run up from a machine of that system\.\n/,
  );
  expect(changes(operations)).toEqual(LOOKED);
  for (const kind of ["container", "network", "volume"] as const) expect(await scratch.own(kind)).toEqual([]);
});

it("gets images that a builder built and wrote", async () => {
  const { code, output } = await scratch.up(buildable());
  expect(code, output).toBe(0);
  expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
  const commands = readFileSync(asked, "utf8");
  for (const attribute of ["back-image", "front-image", "db-image", "gateway-image"])
    for (const built of [attribute, `archives\\.${attribute}`])
      expect(commands).toMatch(new RegExp(`^nix-build .*--argstr system ${ARM} -A ${built} `, "m"));
  expect((await fetch(scratch.frontUrl)).status).toBe(200);
  const again = await scratch.up(buildable());
  expect(again.code, again.output).toBe(0);
  expect(changes(again.operations)).toEqual({});
});

it("is remembered for previews without the host", async () => {
  const away = `echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1`;
  writeFileSync(asked, "");
  const { code, output, operations } = await scratch.preview(withPrograms({ ...evaluable(), docker: away }));
  expect(code, output).toBe(0);
  // Only the provider, which a preview configures with another host.
  expect(changes(operations)).toEqual({ docker: "update" });
  const evaluated = [...readFileSync(asked, "utf8").matchAll(/--argstr system (\S+)/g)].map(([, one]) => one);
  expect(evaluated).toEqual(["x86_64-linux", ARM]);
});
