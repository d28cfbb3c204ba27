/** The Pulumi engine as `offline/engine/build.sh` builds it from Go modules: into `.tools/`, whole or its plugins alone. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { run, tail, which } from "../lib/process.ts";
import type { Step } from "../lib/progress.ts";
import { UserError } from "../lib/userError.ts";

/** Where Go's installer puts it; not on every PATH. */
export const GO_FOLDER = "/usr/local/go/bin";

/** The go command; undefined if there is none. */
export const goCommand = (): string | undefined => which("go") ?? which("go", GO_FOLDER);

/** What the build puts into `.tools/bin`; its plugins once more where Pulumi looks for them. */
const PROGRAMS = ["", "-language-nodejs", "-resource-docker", "-resource-command"].map(
  (name) => `.tools/bin/pulumi${name}`,
);

export interface Plugin {
  name: string;
  version: string;
}

/** Whether these plugins were built. */
export const pluginsBuilt = (plugins: Plugin[]): boolean =>
  plugins.every(({ name, version }) =>
    existsSync(`.tools/pulumi-home/plugins/resource-${name}-v${version}/pulumi-resource-${name}`),
  );

/** Whether the whole engine was built: an official release in `.tools/bin` has no docker plugin beside its CLI. */
export const engineBuilt = (plugins: Plugin[]): boolean =>
  PROGRAMS.every((path) => existsSync(path)) && pluginsBuilt(plugins);

/** Removes the built programs; the plugins stay. */
export const removeBuilt = (): void => {
  for (const path of PROGRAMS) rmSync(path, { force: true });
};

/** Which parts are wanted: the plugins alone if the machine has a CLI of its own. */
export type Parts = "all" | "plugins";

/** @throws UserError with the build's last lines. */
export async function buildEngine(parts: Parts, step: Step): Promise<void> {
  // Not into .tools/bin, which is on PATH: the CLI and language host beside the plugins are not wanted.
  const unused = ".tools/unused";
  const args = parts === "plugins" ? ["--out", unused] : [];
  const onLine = (text: string) => step.note(text.replace(/^toolchain: /, ""));
  const { code, output } = await run("bash", ["offline/engine/build.sh", ...args], { onLine });
  rmSync(unused, { recursive: true, force: true });
  if (code === 0) return;
  const printed = tail(output.replace(/^toolchain: /gm, ""), 20);
  throw new UserError(
    `pulumi engine: ${printed.includes("\n") ? `its build ended with ${code}:\n` : ""}${printed}`,
  );
}

/**
 * Builds again what was built before, in case its sources changed: unchanged, it comes from the cache at once. Without Go,
 * or if the build fails, the earlier build stays.
 *
 * @returns Why it stays; undefined if it is up to date, or there is no Go.
 */
export async function rebuildEngine(parts: Parts, step: Step): Promise<string | undefined> {
  if (goCommand() === undefined) return undefined;
  try {
    await buildEngine(parts, step);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^pulumi engine: /, "");
  }
}

/** The version of the CLI that is built. */
export const builtVersion = (): string =>
  /pulumi\/pkg\/v3 v([\d.]+)/.exec(readFileSync("offline/engine/plugins/go.mod", "utf8"))?.[1] ?? "";
