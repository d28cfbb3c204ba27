/** A deployment as Pulumi Cloud runs it, in the executor's image: clone, pre-run commands, preview, update. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle, CLONE, Executor, loadExecutor } from "../support/executor.ts";
import { execute } from "../support/host.ts";
import { changes, readOperations } from "../support/operations.ts";
import { Scratch } from "../support/scratch.ts";

let scratch: Scratch;
let executor: Executor;
let ref: string;

beforeAll(async () => {
  scratch = await Scratch.make();
  await well("bash", ["nix/host/prepare-executor.sh"]);
  const program = join(scratch.folder, "executor-image");
  await well("nix-build", ["nix", "-A", "executor-image", "--out-link", program]);
  ref = await loadExecutor(program);
  const source = await bundle(scratch.folder);
  executor = await Executor.start(ref, scratch);
  await executor.well(`git clone --quiet --branch main ${source} . && ln -s /node_modules node_modules`);
});
afterAll(() => scratch?.remove());

async function well(program: string, args: string[]): Promise<string> {
  const { code, output } = await execute(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${output}`);
  return output;
}

let runs = 0;
async function pulumi(operation: string) {
  scratch.writeConfig();
  const log = join(scratch.folder, `executor-${runs++}.json`);
  const where = `--stack ${scratch.stack} --config-file ${scratch.configFile}`;
  const how = `--non-interactive --color never --event-log ${log}`;
  const { code, output } = await executor.run(`pulumi ${operation} ${where} ${how}`);
  expect(code, output).toBe(0);
  return { operations: readOperations(log), output };
}

it("x", async () => {
  let t = performance.now();
  const p = await pulumi("preview --diff");
  console.log(p.output, performance.now() - t); t = performance.now();
  const u = await pulumi("up --yes --skip-preview");
  console.log(u.output, performance.now() - t);
}, 900000);
