/** Runs the commands of a workflow's own steps, as GitHub's runner would: with the variables that they name. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Ended, execute } from "./host.ts";
import { commands, evaluated } from "./workflows.ts";

export class GithubRunner {
  /** The comments of the pull request. */
  comments: { id: number; body: string; user: { type: string } }[] = [];
  /** Numbers of pull requests that are closed by now. */
  readonly closed = new Set<number>();
  /** Numbers that no pull request has. */
  readonly unknown = new Set<number>();
  readonly summary: string;
  private readonly event: string;
  private readonly folder: string;
  private readonly server: Server;

  private constructor(folder: string) {
    this.folder = folder;
    [this.summary, this.event] = [join(folder, "summary.md"), join(folder, "event.json")];
    this.server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      const unknown = this.unknown.has(Number(numberOf(request.url)));
      response.writeHead(unknown ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(this.answer(request.method ?? "", request.url ?? "", text)));
    });
    this.happens("synchronize");
  }

  /** @param folder Where its files go. */
  static async start(folder: string): Promise<GithubRunner> {
    const runner = new GithubRunner(folder);
    await new Promise<void>((resolve) => runner.server.listen(0, "127.0.0.1", resolve));
    return runner;
  }

  end(): void {
    this.server.close();
  }

  /** What the next jobs run on. @param action As in GitHub's event of a pull request. */
  happens(action: "opened" | "synchronize" | "closed"): void {
    const content = { action, pull_request: { number: 7, head: { sha: "0123456789ab" } } };
    writeFileSync(this.event, JSON.stringify(content));
  }

  private answer(method: string, url: string, text: string): unknown {
    const pull = numberOf(url);
    if (pull !== undefined)
      return { state: this.closed.has(Number(pull)) ? "closed" : "open", head: { sha: "0123456789ab" } };
    if (method === "GET") return this.comments;
    const { body } = JSON.parse(text) as { body: string };
    if (method === "POST") this.comments.push({ id: this.comments.length + 1, body, user: { type: "Bot" } });
    const patched = this.comments.find(({ id }) => url.endsWith(`/comments/${id}`));
    if (method === "PATCH" && patched !== undefined) patched.body = body;
    return { html_url: "http://comment" };
  }

  /**
   * Runs a job's commands one after the other, those after a failed one only where they are the last, as `!cancelled()`.
   *
   * @param context What expressions are evaluated to, and `STACK`, where another is to be taken than the job names.
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
      const named = { ...env, ...(context["STACK"] === undefined ? {} : { STACK: context["STACK"] }) };
      const own = Object.entries(named).map(([name, value]) => [name, evaluated(value, context)]);
      const runner = {
        GITHUB_API_URL: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
        GITHUB_EVENT_PATH: this.event,
        GITHUB_REPOSITORY: "team/app",
        GITHUB_RUN_ID: "1",
        GITHUB_SERVER_URL: "https://github.example",
        GITHUB_STEP_SUMMARY: this.summary,
        RUNNER_TEMP: temporary,
      };
      const all = { ...clean(), ...runner, ...more, ...Object.fromEntries(own) };
      ran.push(await execute("bash", ["-e", "-c", run], all));
    }
    return ran;
  }
}

/** The number of a pull request that is asked for; undefined for any other address. */
const numberOf = (url = "") => /\/pulls\/(\d+)$/.exec(url)?.[1];

/** The test's environment without what set-up and a person's login put there. */
export const clean = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PULUMI_|AGATHA_STACK)/.test(name)));

export const codes = (ran: Ended[]) => ran.map(({ code }) => code);
export const said = (ran: Ended[]) => ran.map(({ output }) => output).join("\n");
