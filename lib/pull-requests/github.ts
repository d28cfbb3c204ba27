/** Pull requests and our comments on them, by GitHub's own client `gh`, which its runners have. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Env, run } from "../process.ts";
import { UserError } from "../userError.ts";

export interface PullRequest {
  number: number;
  /** The commit that a comment is about. */
  commit: string;
  closed: boolean;
}

/** Tries if GitHub itself fails, or the way to it: a second between the first two, two before the last. */
const TRIES = 3;
const PASSING = /HTTP 5\d\d|error connecting to|i\/o timeout|connection re(set|fused)|unexpected EOF/;

/** @throws UserError if this is not a job for a pull request. */
export function readPullRequest(env: Env): PullRequest {
  const path = env["GITHUB_EVENT_PATH"];
  const event = JSON.parse(path ? readFileSync(path, "utf8") : "{}") as {
    action?: string;
    pull_request?: { number: number; head: { sha: string } };
  };
  const { action, pull_request: found } = event;
  if (found === undefined)
    throw new UserError(
      "GITHUB_EVENT_PATH: names no pull request's event. Run this in a job of one of GitHub's workflows, on `pull_request`.",
    );
  return { number: found.number, commit: found.head.sha, closed: action === "closed" };
}

/** A pull request as it is now; undefined if none has the number: an issue has it, or nothing. */
export async function pullRequest(number: number): Promise<PullRequest | undefined> {
  try {
    const { state, headRefOid } = await retried(() => view(number));
    return { number, commit: headRefOid, closed: state !== "OPEN" };
  } catch (error) {
    if (error instanceof UserError && /Could not resolve to a PullRequest/.test(error.message))
      return undefined;
    throw error;
  }
}

/**
 * Posts a comment, or updates the one that was posted before: there is one for each kind and stack.
 *
 * @returns Its address; undefined if there is none on a pull request that is closed, which gets no new one.
 */
export const post = (
  { number, commit, closed }: PullRequest,
  kind: "preview" | "review",
  stack: string,
  text: string,
): Promise<string | undefined> =>
  // As a whole: a comment that GitHub took although it failed is found by the next try.
  retried(async () => {
    const marker = `<!-- agatha: ${kind} of stack ${stack} -->`;
    const further = closed ? "" : " A further push updates this comment.";
    const body = `${marker}\n${text}\n<sub>Commit ${commit.slice(0, 9)}.${further}</sub>\n`;
    const { comments } = await view(number);
    // Anyone may quote the comment, marker included.
    const own = comments.find((comment) => comment.viewerDidAuthor && comment.body.startsWith(marker));
    const id = /#issuecomment-(\d+)$/.exec(own?.url ?? "")?.[1];
    if (id !== undefined) {
      const path = `repos/{owner}/{repo}/issues/comments/${id}`;
      return gh(["api", "--method", "PATCH", path, "--field", "body=@-", "--jq", ".html_url"], body);
    }
    return closed ? undefined : gh(["pr", "comment", String(number), "--body-file", "-"], body);
  });

/** What GitHub says of a pull request. */
interface View {
  state: "OPEN" | "CLOSED" | "MERGED";
  headRefOid: string;
  comments: { body: string; url: string; viewerDidAuthor: boolean }[];
}

const view = async (number: number): Promise<View> =>
  JSON.parse(await gh(["pr", "view", String(number), "--json", "state,headRefOid,comments"]));

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UserError && PASSING.test(error.message)) || attempt === TRIES) throw error;
      await sleep(attempt * 1000);
    }
  }
}

/** Runs gh on the repository of the job, else that of the clone. @throws UserError in gh's words. */
async function gh(args: string[], input = ""): Promise<string> {
  const env = { GH_REPO: process.env["GITHUB_REPOSITORY"], ...process.env };
  const { code, stdout, stderr } = await run("gh", args, { input, env, optional: true });
  if (code === 0) return stdout.trim();
  if (code === 127)
    throw new UserError("gh: is not on PATH. GitHub's own runners have it; install it on yours.");
  const fix = /not accessible by integration/.test(stderr)
    ? " Give the job `permissions: pull-requests: write`."
    : "";
  throw new UserError(`gh ${args[0]} ${args[1]}: ended with ${code}: ${stderr.trim()}.${fix}`);
}

/** The address of the log of this run of the workflow. */
export const runAddress = (env: Env): string =>
  `${env["GITHUB_SERVER_URL"]}/${env["GITHUB_REPOSITORY"]}/actions/runs/${env["GITHUB_RUN_ID"]}`;
