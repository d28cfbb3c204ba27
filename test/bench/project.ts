/** A Pulumi project in a temporary folder: an ES module that Node runs as it is, as the product's own. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { run, tail } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";

/** What components and steps look for in the project's folder. */
const SHARED = ["node_modules", "nix", "steps", "components", "sample"];

export interface ProjectArgs {
  /** Pulumi's name of the project. */
  name: string;
  stack: string;
  /** `index.ts`. */
  program: string;
  config?: Record<string, unknown>;
  env: NodeJS.ProcessEnv;
}

export class Project {
  private readonly folder = mkdtempSync(join(tmpdir(), "agatha-bench-"));
  private readonly args: ProjectArgs;

  private constructor(args: ProjectArgs) {
    this.args = args;
  }

  static async make(args: ProjectArgs): Promise<Project> {
    const project = new Project(args);
    project.write();
    await project.pulumi(["stack", "init", args.stack, "--no-select"], false);
    project.configure(args.config ?? {});
    return project;
  }

  private write(): void {
    const runtime = { name: "nodejs", options: { packagemanager: "npm", typescript: false } };
    const files = {
      "Pulumi.yaml": stringify({ name: this.args.name, runtime, main: "index.ts" }),
      "package.json": JSON.stringify({ private: true, type: "module", main: "index.ts" }),
      "index.ts": this.args.program,
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(this.folder, file), text);
    for (const name of SHARED) symlinkSync(resolve(name), join(this.folder, name));
  }

  /** Sets keys of the stack's config; the others, and Pulumi's salt, stay. */
  configure(config: Record<string, unknown>): void {
    const file = join(this.folder, `Pulumi.${this.args.stack}.yaml`);
    const before = parse(readFileSync(file, "utf8")) as { config?: object };
    writeFileSync(file, stringify({ ...before, config: { ...before.config, ...config } }));
  }

  /** @throws UserError if pulumi fails. */
  async pulumi(args: string[], onStack = true): Promise<void> {
    const where = onStack ? ["--stack", this.args.stack] : [];
    const how = ["--non-interactive", "--color", "never"];
    const options = { env: this.args.env, cwd: this.folder };
    const { code, output } = await run("pulumi", [...args, ...where, ...how], options);
    if (code !== 0) throw new UserError(`bench: pulumi ${args[0]} ended with ${code}:\n${tail(output, 30)}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
