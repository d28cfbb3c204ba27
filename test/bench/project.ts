/** A Pulumi project in a temporary folder: an ES module that Node runs as it is, as the product's own. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { run, tail } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";

/** What components and steps look for in the project's folder. */
const SHARED = ["node_modules", "nix", "steps", "components", "sample"];

/** A program that is a file of this folder. */
export const programOf = (file: string): string =>
  `export * from ${JSON.stringify(join(import.meta.dirname, file))};\n`;

export class Project {
  private readonly folder = mkdtempSync(join(tmpdir(), "agatha-bench-"));
  private readonly stack: string;
  private readonly env: NodeJS.ProcessEnv;

  private constructor(stack: string, env: NodeJS.ProcessEnv) {
    [this.stack, this.env] = [stack, env];
  }

  /** @param name Pulumi's name of the project. @param program `index.ts`. */
  static async make(
    name: string,
    stack: string,
    program: string,
    config: Record<string, unknown>,
    env: NodeJS.ProcessEnv,
  ): Promise<Project> {
    const project = new Project(stack, env);
    const runtime = { name: "nodejs", options: { packagemanager: "npm", typescript: false } };
    const files = {
      "Pulumi.yaml": stringify({ name, runtime, main: "index.ts" }),
      "package.json": JSON.stringify({ private: true, type: "module", main: "index.ts" }),
      "index.ts": program,
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(project.folder, file), text);
    for (const shared of SHARED) symlinkSync(resolve(shared), join(project.folder, shared));
    await project.pulumi(["stack", "init", stack, "--no-select"], []);
    project.configure(config);
    return project;
  }

  /** Sets keys of the stack's config; the others, and Pulumi's salt, stay. */
  configure(config: Record<string, unknown>): void {
    const file = join(this.folder, `Pulumi.${this.stack}.yaml`);
    const before = parse(readFileSync(file, "utf8")) as { config?: object };
    writeFileSync(file, stringify({ ...before, config: { ...before.config, ...config } }));
  }

  up = () => this.pulumi(["up", "--yes", "--skip-preview"]);

  /** @throws UserError if pulumi fails. */
  async pulumi(args: string[], where = ["--stack", this.stack]): Promise<void> {
    const how = ["--non-interactive", "--color", "never"];
    const options = { env: this.env, cwd: this.folder };
    const { code, output } = await run("pulumi", [...args, ...where, ...how], options);
    if (code !== 0) throw new UserError(`bench: pulumi ${args[0]} ended with ${code}:\n${tail(output, 30)}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
