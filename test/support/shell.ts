/** A shell that stays open: what one block of commands sets, the next finds. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ended } from "./host.ts";

export class Shell {
  /** Contains the test run's id, so that `npm test` finds leftovers of a killed test. */
  private readonly folder = mkdtempSync(
    join(tmpdir(), `agatha-test-${process.env["AGATHA_TEST_RUN"] ?? "hand"}-shell-`),
  );
  private readonly bash: ChildProcess;
  private output = "";
  private runs = 0;

  constructor(env: NodeJS.ProcessEnv) {
    this.bash = spawn("bash", [], { env, stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.bash.stdout, this.bash.stderr])
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.output += chunk;
      });
    // Exits at the first command that fails, unlike a shell at a terminal.
    this.bash.stdin?.write("exec 2>&1\nset -e -o pipefail\n");
  }

  /**
   * Runs commands; returns their output, and the code of the first that fails, which ends the shell.
   *
   * @param input Standard input, for commands that ask. Default: nothing.
   */
  run(commands: string, input = ""): Promise<Ended> {
    const [script, answers] = ["commands", "input"].map((name) => join(this.folder, `${this.runs}-${name}`));
    this.runs++;
    writeFileSync(script as string, commands);
    writeFileSync(answers as string, input);
    const mark = randomBytes(12).toString("hex");
    this.output = "";
    return new Promise((resolve) => {
      const done = (code: number) => {
        this.bash.off("close", closed);
        this.bash.stdout?.off("data", look);
        resolve({ code, output: this.output.replace(`\n${mark}\n`, "") });
      };
      const closed = (code: number | null) => done(code ?? 1);
      const look = () => {
        if (this.output.endsWith(`\n${mark}\n`)) done(0);
      };
      this.bash.once("close", closed);
      this.bash.stdout?.on("data", look);
      if (this.bash.exitCode !== null) return done(this.bash.exitCode);
      this.bash.stdin?.write(`. '${script}' <'${answers}'\nprintf '\\n%s\\n' ${mark}\n`);
    });
  }

  async end(): Promise<void> {
    if (this.bash.exitCode === null) {
      const ended = new Promise((resolve) => this.bash.once("close", resolve));
      this.bash.stdin?.end();
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }
}
