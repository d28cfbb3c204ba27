/** A comment on a pull request by GitHub's REST API: one for each stack, which each push brings up to date. */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../userError.ts";

/** A repository, and what may be done in it. */
export interface Repository {
  api: string;
  repository: string;
  token: string;
}

/** What GitHub's runner tells a step about the pull request. */
export interface PullRequest extends Repository {
  number: number;
  /** The commit that the comment is about. */
  commit: string;
  /** Whether it was closed just now. */
  closed: boolean;
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

/** GitHub has nothing at an address. */
class NotFound extends UserError {}

const need = (env: NodeJS.ProcessEnv, name: string): string => {
  const value = env[name];
  if (value === undefined || value === "")
    throw new UserError(`${name}: is not set. Run this in a job of one of GitHub's workflows.`);
  return value;
};

/** @throws UserError where this is no job of a workflow. */
export const readRepository = (env: NodeJS.ProcessEnv): Repository => ({
  api: env["GITHUB_API_URL"] || "https://api.github.com",
  repository: need(env, "GITHUB_REPOSITORY"),
  token: need(env, "GITHUB_TOKEN"),
});

/** @throws UserError where this is no job for a pull request. */
export function readPullRequest(env: NodeJS.ProcessEnv): PullRequest {
  const event = JSON.parse(readFileSync(need(env, "GITHUB_EVENT_PATH"), "utf8")) as {
    action?: string;
    pull_request?: { number: number; head: { sha: string } };
  };
  if (event.pull_request === undefined)
    throw new UserError(`GITHUB_EVENT_PATH: the event is no pull request's. Run this on \`pull_request\`.`);
  return {
    ...readRepository(env),
    number: event.pull_request.number,
    commit: event.pull_request.head.sha,
    closed: event.action === "closed",
  };
}

/** A pull request of the repository, as it is now; undefined where none has the number: an issue's, or nobody's. */
export async function pullRequest(of: Repository, number: number): Promise<PullRequest | undefined> {
  const path = `/repos/${of.repository}/pulls/${number}`;
  const asked = request<{ state: string; head: { sha: string } }>(of, "GET", path);
  const found = await asked.catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  return found && { ...of, number, commit: found.head.sha, closed: found.state === "closed" };
}

/** Where the log of this run of the workflow is. */
export const runAddress = (env: NodeJS.ProcessEnv): string =>
  `${env["GITHUB_SERVER_URL"]}/${env["GITHUB_REPOSITORY"]}/actions/runs/${env["GITHUB_RUN_ID"]}`;

/** What a comment is about. */
export type Kind = "preview" | "review";

/** Not shown; tells the comment of one kind and stack from all others. */
const marker = (kind: Kind, stack: string): string => `<!-- agatha: ${kind} of stack ${stack} -->`;

/**
 * Posts the comment, or updates the one that it posted before. Gives its address; undefined where there is none on a pull
 * request that was closed, which gets no new one.
 */
export async function post(
  to: PullRequest,
  kind: Kind,
  stack: string,
  text: string,
): Promise<string | undefined> {
  const further = to.closed ? "" : " A further push updates this comment.";
  const begin = marker(kind, stack);
  const body = `${begin}\n${text}\n<sub>Commit ${to.commit.slice(0, 9)}.${further}</sub>\n`;
  const issue = `/repos/${to.repository}/issues`;
  const before = await find(to, `${issue}/${to.number}/comments`, begin);
  if (before === undefined && to.closed) return undefined;
  const { html_url } =
    before === undefined
      ? await request<{ html_url: string }>(to, "POST", `${issue}/${to.number}/comments`, { body })
      : await request<{ html_url: string }>(to, "PATCH", `${issue}/comments/${before}`, { body });
  return html_url;
}

async function find(to: Repository, path: string, begin: string): Promise<number | undefined> {
  for (let page = 1; ; page++) {
    const comments = await request<Comment[]>(to, "GET", `${path}?per_page=${PAGE}&page=${page}`);
    // A person may quote the comment, marker and all: that one is theirs.
    const ours = comments.find(({ body, user }) => user?.type === "Bot" && body?.startsWith(begin));
    if (ours !== undefined) return ours.id;
    if (comments.length < PAGE) return undefined;
  }
}

async function request<T>(to: Repository, method: string, path: string, content?: object): Promise<T> {
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
    if (!passing || attempt === TRIES) {
      const sentence = await refusal(answer, method, path);
      throw answer instanceof Response && answer.status === 404
        ? new NotFound(sentence)
        : new UserError(sentence);
    }
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
