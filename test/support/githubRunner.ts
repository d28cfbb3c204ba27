/** Runs the commands of a workflow's steps as GitHub's runner would, with the variables that they name. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Gh } from "./gh.ts";
import { type Ended, execute } from "./host.ts";
import { commands, evaluated } from "./workflows.ts";

/** The pull request of every job, and its newest commit. */
const [NUMBER, COMMIT] = [7, "0123456789ab"];

export class GithubRunner {
  readonly summary: string;
  private readonly event: string;
  private readonly folder: string;
  private readonly gh: Gh;

  /** @param folder For its files. */
  constructor(folder: string) {
    this.folder = folder;
    [this.summary, this.event] = [join(folder, "summary.md"), join(folder, "event.json")];
    this.gh = new Gh(folder);
    this.pullRequest(NUMBER, "OPEN");
    this.happens("synchronize");
  }

  /** Sets a pull request's state, and its comments, which are the workflows' own. */
  pullRequest(number: number, state: "OPEN" | "CLOSED" | "MERGED", bodies: string[] = []): void {
    const comments = bodies.map((body, index) => ({ id: 100 * number + index, own: true, body }));
    this.gh.change(({ pulls }) => {
      pulls[number] = { state, headRefOid: COMMIT, comments };
    });
  }

  /** The texts of a pull request's comments. */
  comments(number = NUMBER): string[] {
    return this.gh.read().pulls[number]?.comments.map(({ body }) => body) ?? [];
  }

  /** Sets the event of the next jobs. @param action As in GitHub's event of a pull request. */
  happens(action: "opened" | "synchronize" | "closed"): void {
    const pull_request = { number: NUMBER, head: { sha: COMMIT } };
    writeFileSync(this.event, JSON.stringify({ action, pull_request }));
  }

  /**
   * Runs a job's commands one after the other; after a failed one only the last, which has `!cancelled()`.
   *
   * @param context Values of expressions, and `STACK` to override the job's stack.
   * @param more Further variables of the runner itself.
   */
  async run(
    workflow: string,
    id: string,
    context: Record<string, string>,
    more: NodeJS.ProcessEnv = {},
  ): Promise<Ended[]> {
    const ran: Ended[] = [];
    // Each job's own, as on GitHub.
    const temporary = mkdtempSync(join(this.folder, "job-"));
    const steps = commands(workflow, id);
    for (const [index, { run, env }] of steps.entries()) {
      if (ran.some(({ code }) => code !== 0) && index < steps.length - 1) continue;
      const named = { ...env, ...(context["STACK"] && { STACK: context["STACK"] }) };
      const own = Object.entries(named).map(([name, value]) => [name, evaluated(value, context)]);
      const runner = {
        GITHUB_ACTIONS: "true",
        GITHUB_EVENT_PATH: this.event,
        GITHUB_REPOSITORY: "team/app",
        GITHUB_RUN_ID: "1",
        GITHUB_SERVER_URL: "https://github.example",
        GITHUB_STEP_SUMMARY: this.summary,
        PATH: `${this.gh.bin}:${process.env["PATH"]}`,
        RUNNER_TEMP: temporary,
      };
      const all = { ...clean(), ...runner, ...more, ...Object.fromEntries(own) };
      ran.push(await execute("bash", ["-e", "-c", run], all));
    }
    return ran;
  }
}

/** The test's environment without the variables of set-up, of a person's login and of GitHub. */
export const clean = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(PULUMI_|AGATHA_STACK|GH_|GITHUB_)/.test(name)),
  );

export const codes = (ran: Ended[]) => ran.map(({ code }) => code);
export const said = (ran: Ended[]) => ran.map(({ output }) => output).join("\n");
