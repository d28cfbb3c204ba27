/** Runs the blocks of commands that the documentation marks as tested, on a scratch stack that is up. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { blocks, pages, textOf } from "../support/docs.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { writeStackFile } from "../support/stackFile.ts";

const tested = pages().flatMap((page) =>
  blocks(textOf(page))
    .filter((block) => block.tested)
    .map((block): [string, string] => [page, block.text]),
);

let scratch: Scratch;
/** The stack's file, where a clone has it. */
let file: string;

beforeAll(async () => {
  scratch = await Scratch.make();
  await scratch.upWell();
  file = writeStackFile(scratch);
  // Docker's own first look comes after that of `up`; until then `npm run status` has it starting.
  await vi.waitFor(async () => expect(await states()).toEqual(Array(3).fill("healthy")), 60_000);
});
afterAll(async () => {
  // What the pages' commands write, too.
  const backups = join(".state/backups", scratch?.stack ?? "none");
  const written = file === undefined ? [] : [file, join("deployments", file), backups];
  for (const path of written) rmSync(path, { force: true, recursive: true });
  await scratch?.remove();
});

/** What docker says of the services' health. */
function states(): Promise<string[]> {
  const names = ["db", "back", "front"].map((service) => scratch.container(service));
  return scratch.docker("inspect", "--format", "{{.State.Health.Status}}", ...names);
}

it("there are such blocks", () => {
  expect(tested.length).toBeGreaterThanOrEqual(8);
});

it.each(tested)("%s: %j works as it is written", async (_, text) => {
  // The pages name the stacks and the folder that people have.
  const script = text
    .replace(/(--stack|stack init) (dev|staging|prod|settings)\b/g, `$1 ${scratch.stack}`)
    .replaceAll(" /tmp/", ` ${scratch.folder}/`);
  const env = { ...scratch.env, AGATHA_STACK: scratch.stack };
  const { code, output } = await execute("bash", ["-e", "-c", script], env);
  expect(code, output).toBe(0);
  expect(output).not.toContain(scratch.password);
});
