/** What an update costs, for `npm run bench`: side by side with an empty program and with docker compose. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Given } from "../../lib/cli/command.ts";
import { run } from "../../lib/process.ts";
import { environment } from "../../lib/stacks/stack.ts";
import { setup } from "../../setup/setup.ts";
import { benchArguments } from "./arguments.ts";
import { goalTable, rows } from "./goals.ts";
import { measure } from "./measure.ts";
import type { Results } from "./results.ts";
import { Stand } from "./stand.ts";

/** Git does not see it. */
const FOLDER = join(".state", "bench");

/** Measures, prints a table and writes JSON. @throws UserError for a wrong option. */
export async function bench(given: Given<"bench">): Promise<void> {
  const options = benchArguments(given.options);
  await setup({ sample: true });
  Object.assign(process.env, await environment());
  const date = new Date().toISOString();
  const stand = await Stand.make();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void stand.remove().finally(() => process.exit(130)));
  const results: Results = { date, machine: await machine() };
  try {
    await measure(stand, options, results);
  } finally {
    if (rows(results).length > 0) write(results);
    await stand.remove();
  }
}

/** What a measurement is worth nothing without: the machine and the versions. */
async function machine(): Promise<Results["machine"]> {
  const said = async (program: string, ...args: string[]) => {
    const { code, output } = await run(program, args, { optional: true });
    return code === 0 ? output.trim() : "unknown";
  };
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 2 ** 30),
    packages: process.env["AGATHA_PACKAGES"] ?? "nixpkgs",
    node: process.version,
    kernel: await said("uname", "-r"),
    docker: await said("docker", "version", "--format", "{{.Server.Version}}"),
    nix: await said("nix-build", "--version"),
    pulumi: await said("pulumi", "version"),
    commit: await said("git", "describe", "--always", "--dirty"),
  };
}

function write(results: Results): void {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${results.date.replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify({ ...results, rows: rows(results) }, null, 2)}\n`);
  process.stdout.write(`\n${goalTable(rows(results))}\nEvery measurement: ${file}\n`);
}
