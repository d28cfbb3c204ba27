/** The repo's workflows and their local actions, as GitHub reads them. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export interface Step {
  name?: string;
  uses?: string;
  run?: string;
  if?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

export interface Job {
  "runs-on": string;
  "timeout-minutes"?: number;
  if?: string;
  needs?: string;
  environment?: string;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  permissions?: Record<string, string>;
  env?: Record<string, string>;
  steps: Step[];
}

export interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency?: { group: string };
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

const FOLDER = ".github/workflows";

export const workflowNames = (): string[] => readdirSync(FOLDER);

export const textOf = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

export const workflow = (name: string): Workflow => parse(textOf(name)) as Workflow;

export const job = (name: string, id: string): Job => {
  const found = workflow(name).jobs[id];
  if (found === undefined) throw new Error(`${name} has no job ${id}`);
  return found;
};

/** The files of the repo's own actions. */
export const localActions = (): string[] => globSync(".github/actions/*/action.yml");

/** The steps of a job that run a command, with the variables of workflow, job and step. */
export function commands(name: string, id: string): { run: string; env: Record<string, string> }[] {
  const { env = {} } = workflow(name);
  const { env: own = {}, steps } = job(name, id);
  return steps.flatMap(({ run, env: last = {} }) =>
    run === undefined ? [] : [{ run, env: { ...env, ...own, ...last } }],
  );
}

/**
 * A value with its expressions evaluated as on GitHub.
 *
 * @param context `vars.PREVIEW_STACK` and the like; all else is empty, as on GitHub.
 */
export const evaluated = (value: string, context: Record<string, string>): string =>
  value.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const parts = expression.split("||").map((part) => part.trim());
    const values = parts.map((part) => /^'(.*)'$/.exec(part)?.[1] ?? context[part] ?? "");
    return values.find((part) => part !== "") ?? "";
  });

/** Whether the repo has the script that an npm command runs. */
export const scriptOf = (command: string): string | undefined => {
  const name = /^npm run (?:--silent )?([\w-]+)/.exec(command)?.[1];
  const file = name === undefined ? command : `scripts/${name}.ts`;
  return existsSync(file) ? file : undefined;
};
