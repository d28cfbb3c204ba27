/** A page's blocks on a scratch stack, which replaces the page's stacks. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { Page } from "./page.ts";
import type { Substitutions } from "./pageText.ts";
import type { Scratch } from "./scratch.ts";

export interface ScratchPageOptions extends Partial<Substitutions> {
  /** Overrides of the defaults below. */
  env?: NodeJS.ProcessEnv;
}

/**
 * The blocks of a page that the test runs.
 *
 * @param options Overrides. Default: `dev`, `staging` and `prod` are the scratch stack, the sample's ports its own.
 */
export function scratchPage(
  scratch: Scratch,
  page: string,
  test: string,
  { stacks = {}, words = {}, env = {} }: ScratchPageOptions = {},
): Page {
  const { stack } = scratch;
  const at = (port: number) => `127.0.0.1:${port}`;
  const ports = { [at(8000)]: at(scratch.backPort), [at(5173)]: at(scratch.frontPort) };
  return new Page(page, test, {
    stacks: { dev: stack, staging: stack, prod: stack, ...stacks },
    words: { ...ports, ...words },
    // The default stack of `npm run` commands; no colours, whatever the terminal.
    env: { ...scratch.env, AGATHA_STACK: stack, NO_COLOR: "1", ...env },
  });
}

/**
 * Runs one block of a page in its own shell, with the stack's file in the clone; returns its output.
 *
 * @param input Standard input, for commands that ask.
 */
export async function runBlock(
  scratch: Scratch,
  [page, test, name]: [page: string, test: string, name: string],
  { input = "", ...options }: ScratchPageOptions & { input?: string } = {},
): Promise<string> {
  const opened = scratchPage(scratch, page, test, options);
  const file = writeStackFile(scratch);
  try {
    return await opened.run(name, input);
  } finally {
    takeOver(scratch, file);
    rmSync(file);
    await opened.end();
  }
}

/** Writes a stack's file in the clone, where npm commands and plain pulumi look for it; the test removes it. Gives its path. */
export function writeStackFile(scratch: Scratch): string {
  const file = `Pulumi.${scratch.stack}.yaml`;
  scratch.writeConfig();
  copyFileSync(scratch.configFile, file);
  return file;
}

/** The configuration and Pulumi's salt, as commands left them. */
function takeOver(scratch: Scratch, file: string): void {
  const text = readFileSync(file, "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  for (const key of Object.keys(scratch.config)) delete scratch.config[key];
  for (const [key, value] of Object.entries(config)) scratch.config[key.replace(/^agatha:/, "")] = value;
  writeFileSync(scratch.configFile, text);
}
