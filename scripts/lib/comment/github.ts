/** A comment on a pull request by GitHub's REST API: one for each stack, which each push brings up to date. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Stop } from "../exec.ts";

/** What GitHub's runner tells a step about the pull request. */
export interface PullRequest {
  api: string;
  repository: string;
  token: string;
  number: number;
  /** The commit that was previewed. */
  commit: string;
}

interface Comment {
  id: number;
  body?: string;
  user?: { type?: string } | null;
}

/** Comments a page, the most that GitHub gives. */
const PAGE = 100;

/** Tries of a request that GitHub itself failed at; a second between the first two, two before the last. */
const TRIES = 3;

/** @throws Stop where this is no job for a pull request. */
export function readPullRequest(env: NodeJS.ProcessEnv): PullRequest {
  const need = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === "")
      throw new Stop(`${name}: is not set. Run this in a workflow's job for a pull request.`);
    return value;
  };
  const file = need("GITHUB_EVENT_PATH");
  const event = JSON.parse(readFileSync(file, "utf8")) as {
    pull_request?: { number: number; head: { sha: string } };
  };
  if (event.pull_request === undefined)
    throw new Stop(`GITHUB_EVENT_PATH: the event is no pull request's. Run this on \`pull_request\`.`);
  return {
    api: env["GITHUB_API_URL"] || "https://api.github.com",
    repository: need("GITHUB_REPOSITORY"),
    token: need("GITHUB_TOKEN"),
    number: event.pull_request.number,
    commit: event.pull_request.head.sha,
  };
}

/** Not shown; tells the comment of one stack from all others. */
const marker = (stack: string): string => `<!-- agatha: preview of stack ${stack} -->`;

/** Posts the comment, or updates the one that it posted before. Gives its address. */
export async function post(to: PullRequest, stack: string, text: string): Promise<string> {
  const body = `${marker(stack)}\n${text}\n<sub>Commit ${to.commit.slice(0, 9)}. A further push updates this comment.</sub>\n`;
  const issue = `/repos/${to.repository}/issues`;
  const before = await find(to, `${issue}/${to.number}/comments`, marker(stack));
  const { html_url } =
    before === undefined
      ? await request<{ html_url: string }>(to, "POST", `${issue}/${to.number}/comments`, { body })
      : await request<{ html_url: string }>(to, "PATCH", `${issue}/comments/${before}`, { body });
  return html_url;
}

async function find(to: PullRequest, path: string, begin: string): Promise<number | undefined> {
  for (let page = 1; ; page++) {
    const comments = await request<Comment[]>(to, "GET", `${path}?per_page=${PAGE}&page=${page}`);
    // A person may quote the comment, marker and all: that one is theirs.
    const ours = comments.find(({ body, user }) => user?.type === "Bot" && body?.startsWith(begin));
    if (ours !== undefined) return ours.id;
    if (comments.length < PAGE) return undefined;
  }
}

async function request<T>(to: PullRequest, method: string, path: string, content?: object): Promise<T> {
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${to.token}`,
    "content-type": "application/json",
    "x-github-api-version": "2022-11-28",
  };
  const body = content === undefined ? null : JSON.stringify(content);
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${to.api}${path}`, { method, headers, body }).catch((error: Error) => error);
    if (answer instanceof Response && answer.ok) return (await answer.json()) as T;
    const passing = answer instanceof Error || answer.status >= 500;
    if (!passing || attempt === TRIES) throw new Stop(await refusal(answer, method, path));
    await sleep(attempt * 1000);
  }
}

async function refusal(answer: Response | Error, method: string, path: string): Promise<string> {
  const what = `GitHub: ${method} ${path.replace(/\?.*/, "")}`;
  if (answer instanceof Error) return `${what} got no answer: ${answer.message}. Run the job again.`;
  if (answer.status === 403 || answer.status === 401)
    return `${what} was refused with ${answer.status}. Give the job \`permissions: pull-requests: write\`.`;
  return `${what} was answered with ${answer.status}: ${(await answer.text()).slice(0, 500)}`;
}
