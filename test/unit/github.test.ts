import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  pullRequest as ask,
  type PullRequest,
  post,
  readPullRequest,
} from "../../lib/pull-requests/github.ts";

interface Request {
  method: string;
  path: string;
  authorization: string | undefined;
  body: string;
}

let server: Server;
let requests: Request[];
let answers: { status: number; body: unknown }[];
let pullRequest: PullRequest;

beforeEach(async () => {
  [requests, answers] = [[], []];
  server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const { method = "", url: path = "", headers } = request;
    const body = text === "" ? "" : (JSON.parse(text) as { body: string }).body;
    requests.push({ method, path, authorization: headers.authorization, body });
    const answer = answers.shift() ?? { status: 500, body: "no answer was prepared" };
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  pullRequest = {
    api,
    repository: "team/app",
    token: "t0ken",
    number: 7,
    commit: "0123456789abcdef",
    closed: false,
  };
});
afterEach(() => void server.close());

const MARKER = "<!-- agatha: preview of stack prod -->";
const bot = (id: number, body: string) => ({ id, body, user: { type: "Bot" } });
const done = { status: 200, body: { html_url: "http://x/7#1" } };
const asked = () => requests.map(({ method, path }) => `${method} ${path}`);

describe("a comment on a pull request", () => {
  it("is posted where there is none yet, with the commit that it is about", async () => {
    answers = [{ status: 200, body: [bot(1, "another bot's")] }, done];
    expect(await post(pullRequest, "preview", "prod", "text\n")).toBe("http://x/7#1");
    expect(asked()).toEqual([
      "GET /repos/team/app/issues/7/comments?per_page=100&page=1",
      "POST /repos/team/app/issues/7/comments",
    ]);
    expect(requests[1]?.body).toBe(
      `${MARKER}\ntext\n\n<sub>Commit 012345678. A further push updates this comment.</sub>\n`,
    );
    expect(requests[1]?.authorization).toBe("Bearer t0ken");
  });

  it("is updated where there is one, on whichever page", async () => {
    const others = Array.from({ length: 100 }, (_, index) => bot(index, "another"));
    answers = [{ status: 200, body: others }, { status: 200, body: [bot(555, `${MARKER}\nold`)] }, done];
    await post(pullRequest, "preview", "prod", "new\n");
    expect(asked().slice(1)).toEqual([
      "GET /repos/team/app/issues/7/comments?per_page=100&page=2",
      "PATCH /repos/team/app/issues/comments/555",
    ]);
  });

  it("on a review stack is another one than that on a preview", async () => {
    answers = [{ status: 200, body: [bot(1, `${MARKER}\nold`)] }, done];
    await post(pullRequest, "review", "prod", "text\n");
    expect(asked()[1]).toBe("POST /repos/team/app/issues/7/comments");
    expect(requests[1]?.body).toMatch(/^<!-- agatha: review of stack prod -->\ntext\n/);
  });

  it("on a pull request that was closed is updated, and announces no further push", async () => {
    answers = [{ status: 200, body: [bot(5, `${MARKER}\nold`)] }, done];
    await post({ ...pullRequest, closed: true }, "preview", "prod", "gone\n");
    expect(asked()[1]).toBe("PATCH /repos/team/app/issues/comments/5");
    expect(requests[1]?.body).toBe(`${MARKER}\ngone\n\n<sub>Commit 012345678.</sub>\n`);
  });

  it("is not posted anew where the pull request was closed", async () => {
    answers = [{ status: 200, body: [] }];
    expect(await post({ ...pullRequest, closed: true }, "preview", "prod", "gone\n")).toBeUndefined();
    expect(asked()).toHaveLength(1);
  });

  it("leaves alone what a person wrote and what belongs to another stack", async () => {
    const quote = { id: 3, body: `${MARKER}\nquoted`, user: { type: "User" } };
    answers = [{ status: 200, body: [quote, bot(4, `${MARKER.replace("prod", "staging")}\nx`)] }, done];
    await post(pullRequest, "preview", "prod", "text\n");
    expect(asked()[1]).toBe("POST /repos/team/app/issues/7/comments");
  });

  it("is tried again where GitHub itself failed", async () => {
    answers = [{ status: 502, body: {} }, { status: 200, body: [] }, done];
    await post(pullRequest, "preview", "prod", "text\n");
    expect(asked()).toHaveLength(3);
  });

  it("that may not be posted says which permission is missing", async () => {
    answers = [{ status: 403, body: {} }];
    await expect(post(pullRequest, "preview", "prod", "text\n")).rejects.toThrow(
      "was refused with 403. Give the job `permissions: pull-requests: write`.",
    );
    expect(asked()).toHaveLength(1);
  });
});

describe("the pull request", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-event-"));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is what GitHub's runner says", () => {
    const event = join(folder, "event.json");
    writeFileSync(event, JSON.stringify({ pull_request: { number: 7, head: { sha: "abc" } } }));
    const env = { GITHUB_EVENT_PATH: event, GITHUB_REPOSITORY: "team/app", GITHUB_TOKEN: "t" };
    expect(readPullRequest(env)).toEqual({
      api: "https://api.github.com",
      repository: "team/app",
      token: "t",
      number: 7,
      commit: "abc",
      closed: false,
    });
    writeFileSync(
      event,
      JSON.stringify({ action: "closed", pull_request: { number: 7, head: { sha: "abc" } } }),
    );
    expect(readPullRequest(env).closed).toBe(true);
  });

  it("is what GitHub says by now", async () => {
    answers = ["open", "closed"].map((state) => ({ status: 200, body: { state, head: { sha: "abc" } } }));
    const { number: _, commit: __, closed: ___, ...repository } = pullRequest;
    expect(await ask(repository, 12)).toEqual({ ...repository, number: 12, commit: "abc", closed: false });
    expect((await ask(repository, 12))?.closed).toBe(true);
    expect(asked()[0]).toBe("GET /repos/team/app/pulls/12");
  });

  it("is none where an issue has the number, or nobody; all else that is refused fails", async () => {
    answers = [
      { status: 404, body: {} },
      { status: 403, body: {} },
    ];
    expect(await ask(pullRequest, 12)).toBeUndefined();
    await expect(ask(pullRequest, 12)).rejects.toThrow("was refused with 403.");
  });

  it("is missing elsewhere", () => {
    expect(() => readPullRequest({})).toThrow(
      "GITHUB_EVENT_PATH: is not set. Run this in a job of one of GitHub's workflows.",
    );
  });
});
