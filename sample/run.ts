// Runs a command of the build quietly, and shows its last lines if it fails.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, dirname, relative } from "node:path";

export interface Step {
  command: string;
  args: string[];
  folder: string;
  env?: Record<string, string>;
  /** What to do when the command does not exist. */
  missing: string;
}

const children = new Set<ReturnType<typeof spawn>>();

/** Runs a step to its end; an error has its last lines of output. */
export function run(step: Step): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(step.command, step.args, {
      cwd: step.folder,
      env: environment(step.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    let said = "";
    const keep = (text: string) => {
      said = (said + text).slice(-20_000);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error: NodeJS.ErrnoException) => {
      children.delete(child);
      const why = error.code === "ENOENT" ? "is not on PATH" : `cannot be started (${error.message})`;
      reject(new Error(`${step.command} ${why}. ${step.missing}, then try again.`));
    });
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code === 0) return resolve();
      reject(failure(step, signal ?? `exit code ${code}`, said));
    });
  });
}

function failure(step: Step, how: string, said: string): Error {
  const again = `cd ${relative(process.cwd(), step.folder) || "."} && ${commandLine(step)}`;
  return new Error(
    `${commandLine(step)} failed (${how}):\n${lastLines(said)}\nMend that and try again. By hand: ${again}`,
  );
}

function commandLine(step: Step): string {
  return [step.command === process.execPath ? "node" : step.command, ...step.args].join(" ");
}

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  // Variables of an outer `npm run` would mislead an inner npm.
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(key),
  );
  return {
    ...Object.fromEntries(inherited),
    // npm is a script for `node`, which may not be on PATH.
    PATH: [process.env.PATH, dirname(process.execPath)].filter(Boolean).join(delimiter),
    // Archives hold local times.
    TZ: "UTC",
    LC_ALL: "C.UTF-8",
    NO_COLOR: "1",
    ...more,
  };
}

function lastLines(said: string): string {
  const noise =
    /^\[INFO\]|^\[ERROR\] \[Help 1\]|^\[ERROR\]\s*$|[Rr]e-run Maven|^\s+at |full stack trace|more information about the errors|^\s*$/;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  const lines = said.replace(/\u001b\[[0-9;]*m/g, "").split("\n");
  return lines
    .filter((line) => !noise.test(line))
    .slice(-20)
    .map((line) => `  | ${line.replace(/ -> \[Help 1\]$/, "").slice(0, 300)}`)
    .join("\n");
}

/** Stops running children together with this process. */
export function stopChildrenOn(signal: "SIGINT" | "SIGTERM"): void {
  process.once(signal, () => {
    for (const child of children) child.kill(signal);
    process.exit(128 + constants.signals[signal]);
  });
}
