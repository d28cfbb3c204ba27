/** A shell that stays open: what one block of commands sets, the next finds. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Ended, scratchFolder } from "./host.ts";

export class Shell {
  private readonly folder = scratchFolder();
  private readonly bash: ChildProcessWithoutNullStreams;
  private output = "";
  private runs = 0;

  constructor(env: NodeJS.ProcessEnv) {
    this.bash = spawn("bash", [], { env });
    for (const stream of [this.bash.stdout, this.bash.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        this.output += chunk;
      });
    // Exits at the first command that fails, unlike a shell at a terminal.
    this.bash.stdin.write("exec 2>&1\nset -e -o pipefail\n");
  }

  /**
   * Runs commands; returns their output, and the code of the first that fails, which ends the shell.
   *
   * @param input Standard input, for commands that ask. Default: nothing.
   */
  run(commands: string, input = ""): Promise<Ended> {
    const at = join(this.folder, String(this.runs++));
    const [script, answers] = [`${at}-commands`, `${at}-input`];
    writeFileSync(script, commands);
    writeFileSync(answers, input);
    const mark = randomBytes(12).toString("hex");
    this.output = "";
    return new Promise((resolve) => {
      const done = (code: number) => {
        this.bash.off("close", closed);
        this.bash.stdout.off("data", look);
        resolve({ code, output: this.output.replace(`\n${mark}\n`, "") });
      };
      const closed = (code: number | null) => done(code ?? 1);
      const look = () => {
        if (this.output.endsWith(`\n${mark}\n`)) done(0);
      };
      this.bash.once("close", closed);
      this.bash.stdout.on("data", look);
      if (this.bash.exitCode !== null) return done(this.bash.exitCode);
      this.bash.stdin.write(`. '${script}' <'${answers}'\nprintf '\\n%s\\n' ${mark}\n`);
    });
  }

  async end(): Promise<void> {
    if (this.bash.exitCode === null) {
      const ended = once(this.bash, "close");
      this.bash.stdin.end();
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }
}
