import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { comment, LIMIT } from "../../../lib/previews/comment.ts";
import {
  pullRequest as ask,
  type PullRequest,
  post,
  readPullRequest,
  runAddress,
} from "../../../lib/pull-requests/github.ts";
import { Gh, type GhComment } from "../../support/gh.ts";

// It starts programs, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let gh: Gh;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-gh-"));
  gh = new Gh(folder);
  vi.stubEnv("PATH", `${gh.bin}:${process.env["PATH"]}`);
  vi.stubEnv("GITHUB_REPOSITORY", "team/app");
  vi.stubEnv("GITHUB_ACTIONS", "true");
  vi.stubEnv("GITHUB_TOKEN", undefined);
  vi.stubEnv("GH_TOKEN", "t0ken");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const MARKER = "<!-- agatha: preview of stack prod -->";
const SHA = "0123456789abcdef";
const pull: PullRequest = { number: 7, commit: SHA, closed: false };

/** The pull request has these comments. */
const has = (...comments: GhComment[]) =>
  gh.change(({ pulls }) => {
    pulls[7] = { state: "OPEN", headRefOid: SHA, comments };
  });
const bodies = () => gh.read().pulls[7]?.comments.map(({ body }) => body);
/** The next call that begins like this fails. @param done Whether it has commented all the same. */
const fails = (call: string, words: string, done = false) =>
  gh.change(({ failures }) => failures.push({ call, words, done }));

describe("a comment on a pull request", () => {
  it("is posted if there is none yet, with the commit that it is about", async () => {
    has({ id: 1, own: false, body: "another bot's" });
    expect(await post(pull, "preview", "prod", "text\n")).toBe(
      "https://github.example/team/app/pull/7#issuecomment-2",
    );
    expect(bodies()).toEqual([
      "another bot's",
      `${MARKER}\ntext\n\n<sub>Commit 012345678. A further push updates this comment.</sub>\n`,
    ]);
  });

  it("is updated if there is one, after however many others", async () => {
    const others = Array.from({ length: 250 }, (_, id) => ({ id: id + 1, own: id % 2 === 0, body: "other" }));
    has(...others, { id: 555, own: true, body: `${MARKER}\nold` });
    expect(await post(pull, "preview", "prod", "new\n")).toBe(
      "https://github.example/team/app/pull/7#issuecomment-555",
    );
    expect(bodies()).toHaveLength(251);
    expect(bodies()?.at(-1)).toMatch(/^<!-- agatha: preview of stack prod -->\nnew\n/);
  });

  it("on a review stack is another one than that on a preview", async () => {
    has({ id: 1, own: true, body: `${MARKER}\nold` });
    await post(pull, "review", "prod", "text\n");
    expect(bodies()).toEqual([
      `${MARKER}\nold`,
      expect.stringMatching(/^<!-- agatha: review of stack prod -->\ntext\n/),
    ]);
  });

  it("on a closed pull request is updated, and announces no further push", async () => {
    has({ id: 5, own: true, body: `${MARKER}\nold` });
    await post({ ...pull, closed: true }, "preview", "prod", "gone\n");
    expect(bodies()).toEqual([`${MARKER}\ngone\n\n<sub>Commit 012345678.</sub>\n`]);
  });

  it("is not posted anew if the pull request is closed", async () => {
    has();
    expect(await post({ ...pull, closed: true }, "preview", "prod", "gone\n")).toBeUndefined();
    expect(bodies()).toEqual([]);
  });

  it("leaves alone what others wrote, marker included, and what belongs to another stack", async () => {
    const before = [
      { id: 3, own: false, body: `${MARKER}\nquoted` },
      { id: 4, own: true, body: `${MARKER.replace("prod", "staging")}\nx` },
      { id: 5, own: true, body: `> ${MARKER}\nx` },
    ];
    has(...before);
    await post(pull, "preview", "prod", "text\n");
    expect(bodies()?.slice(0, 3)).toEqual(before.map(({ body }) => body));
    expect(bodies()).toHaveLength(4);
  });

  it("keeps quotes, dollars, @files and other odd text as it is", async () => {
    has();
    for (const text of [`@/etc/passwd "'$(id)\` \\n\u{1f600}\n`, "true\n", "{owner}\n"]) {
      await post(pull, "preview", "prod", text);
      expect(bodies()).toEqual([expect.stringContaining(`${MARKER}\n${text}\n<sub>`)]);
    }
  });

  it("fits what GitHub takes, however much a preview has to show", async () => {
    has();
    const changes = { stack: "s".repeat(100), any: true, images: [], services: [], data: [] };
    const diff = Array.from({ length: 9000 }, () => ({ mark: "+", depth: 1, text: "x".repeat(50) }));
    const text = comment(changes, diff, []);
    expect(text.length).toBeGreaterThan(LIMIT - 200);
    await post(pull, "preview", changes.stack, text);
    expect(bodies()).toHaveLength(1);
  });

  it("is tried again if GitHub itself fails, or the way to it", async () => {
    has();
    fails("pr view", "error connecting to api.github.com\ncheck your internet connection");
    fails("pr comment", "HTTP 502: 502 Bad Gateway (https://api.github.com/graphql)");
    await post(pull, "preview", "prod", "text\n");
    expect(bodies()).toHaveLength(1);
  });

  it("that GitHub took although it failed is not posted twice", async () => {
    has();
    fails("pr comment", "HTTP 504: We couldn't respond to your request in time.", true);
    await post(pull, "preview", "prod", "text\n");
    expect(bodies()).toHaveLength(1);
    expect(gh.read().calls.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
      ...["pr view", "pr comment", "pr view", "api --method"],
    ]);
  });

  it.each([
    [
      "GraphQL: API rate limit already exceeded for installation ID 1.",
      "gh pr view: ended with 1: GraphQL: API rate limit already exceeded for installation ID 1.",
    ],
    ["HTTP 401: Bad credentials (https://api.github.com/graphql)", "HTTP 401: Bad credentials"],
  ])("fails at once for %j", async (words, sentence) => {
    has();
    fails("pr view", words);
    await expect(post(pull, "preview", "prod", "text\n")).rejects.toThrow(sentence);
    expect(gh.read().calls).toHaveLength(1);
  });

  it("that may not be posted or updated says which permission is missing", async () => {
    for (const comments of [[], [{ id: 5, own: true, body: `${MARKER}\nold` }]]) {
      has(...comments);
      gh.change((state) => {
        state.readOnly = true;
      });
      await expect(post(pull, "preview", "prod", "text\n")).rejects.toThrow(
        /not accessible by integration .* Give the job `permissions: pull-requests: write`\.$/,
      );
    }
  });

  it("without a token, or without gh, says what is missing", async () => {
    vi.stubEnv("GH_TOKEN", undefined);
    await expect(post(pull, "preview", "prod", "text\n")).rejects.toThrow(
      /^gh pr view: ended with 4: gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN/,
    );
    vi.stubEnv("PATH", folder);
    await expect(post(pull, "preview", "prod", "text\n")).rejects.toThrow(/^gh: is not on PATH\./);
  });
});

describe("the pull request", () => {
  it("is what GitHub's runner says", () => {
    const event = join(folder, "event.json");
    const happened = (more: object) => {
      writeFileSync(event, JSON.stringify({ ...more, pull_request: { number: 7, head: { sha: "abc" } } }));
      return readPullRequest({ GITHUB_EVENT_PATH: event });
    };
    expect(happened({})).toEqual({ number: 7, commit: "abc", closed: false });
    expect(happened({ action: "closed" }).closed).toBe(true);
    writeFileSync(event, JSON.stringify({ push: {} }));
    expect(() => readPullRequest({ GITHUB_EVENT_PATH: event })).toThrow("on `pull_request`.");
  });

  it("is what GitHub says by now", async () => {
    has();
    expect(await ask(7)).toEqual(pull);
    for (const state of ["CLOSED", "MERGED"] as const) {
      gh.change(({ pulls }) => {
        pulls[7] = { state, headRefOid: SHA, comments: [] };
      });
      expect(await ask(7)).toEqual({ ...pull, closed: true });
    }
  });

  it("is none if an issue has the number, or nothing; every other refusal is an error", async () => {
    expect(await ask(12)).toBeUndefined();
    fails("pr view", "HTTP 403: Resource not accessible by integration (https://api.github.com/graphql)");
    await expect(ask(12)).rejects.toThrow("HTTP 403");
  });

  it("is missing elsewhere", () => {
    expect(() => readPullRequest({})).toThrow(
      "GITHUB_EVENT_PATH: names no pull request's event. Run this in a job of one of GitHub's workflows, on",
    );
  });
});

it("a run's log has an address", () => {
  expect(
    runAddress({
      ...{ GITHUB_SERVER_URL: "https://github.example", GITHUB_REPOSITORY: "team/app", GITHUB_RUN_ID: "1" },
    }),
  ).toBe("https://github.example/team/app/actions/runs/1");
});
