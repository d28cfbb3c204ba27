/**
 * A stand-in for `gh`: the arguments that are used here, its exit codes and its error messages, as in the source of gh
 * 2.59 (pkg/cmd/pr, pkg/cmd/api, pkg/cmd/root/help.go, internal/ghcmd) and as that gh, built, answered a local server. Its
 * state is the file GH_STATE.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { GhState } from "./gh.ts";

const file = process.env["GH_STATE"] as string;
const state = JSON.parse(readFileSync(file, "utf8")) as GhState;

class Ended extends Error {
  readonly code: number;
  constructor(words: string, code = 1) {
    super(words);
    this.code = code;
  }
}

/** Longest body that GitHub takes, in characters. */
const LONGEST = 65_536;

const FIELDS = ["comments", "headRefOid", "number", "state", "title", "url"];

/** @param names The options that the command has, each with a value. */
function parsed(args: string[], ...names: string[]): { values: Record<string, string>; words: string[] } {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    if (options[token.name] === undefined) throw new Ended(`unknown flag: ${token.rawName}`);
    if (token.value === undefined) throw new Ended(`flag needs an argument: ${token.rawName}`);
    values[token.name] = token.value;
  }
  return { values, words };
}

function repository(): string {
  const name = process.env["GH_REPO"];
  if (!name)
    throw new Ended(
      "none of the git remotes configured for this repository point to a known GitHub host. To tell gh about a new GitHub host, please use `gh auth login`",
    );
  if (!/^[^/]+\/[^/]+$/.test(name)) throw new Ended(`expected the "[HOST/]OWNER/REPO" format, got "${name}"`);
  return name;
}

function pull(number: string | undefined) {
  repository();
  const found = state.pulls[Number(number)];
  if (found === undefined)
    throw new Ended(
      `GraphQL: Could not resolve to a PullRequest with the number of ${number}. (repository.pullRequest)`,
    );
  return found;
}

const input = () => readFileSync(0, "utf8");

function prView(args: string[]): string {
  const { values, words } = parsed(args, "json", "jq");
  const fields = values["json"]?.split(",") ?? [];
  for (const field of fields)
    if (!FIELDS.includes(field))
      throw new Ended(`Unknown JSON field: "${field}"\nAvailable fields:\n  ${FIELDS.join("\n  ")}`);
  const found = pull(words[0]);
  const comments = found.comments.map(({ id, own, body }) => ({
    ...{ id: `IC_${id}`, author: { login: own ? "github-actions" : "somebody" }, body },
    ...{ authorAssociation: "NONE", viewerDidAuthor: own, url: address(words[0], id) },
  }));
  const all = Object.entries({ comments, headRefOid: found.headRefOid, state: found.state });
  return JSON.stringify(Object.fromEntries(all.filter(([name]) => fields.includes(name))));
}

const address = (number: string | undefined, id: number) =>
  `https://github.example/${repository()}/pull/${number}#issuecomment-${id}`;

/** What GitHub refuses, whichever of its two interfaces is asked. */
function bodyError(body: string): string | undefined {
  if (state.readOnly) return "Resource not accessible by integration";
  if (body.trim() === "") return "Body cannot be blank";
  return body.length > LONGEST ? `Body is too long (maximum is ${LONGEST} characters)` : undefined;
}

function prComment(args: string[]): string {
  const { values, words } = parsed(args, "body", "body-file");
  if (Object.keys(values).length !== 1)
    throw new Ended("specify only one of `--body`, `--body-file`, `--editor`, or `--web`");
  const body = values["body-file"] === "-" ? input() : (values["body"] ?? "");
  const found = pull(words[0]);
  const error = bodyError(body);
  if (error !== undefined) throw new Ended(`GraphQL: ${error} (addComment)`);
  const id = Math.max(0, ...Object.values(state.pulls).flatMap(({ comments }) => comments.map((c) => c.id)));
  found.comments.push({ id: id + 1, own: true, body });
  return address(words[0], id + 1);
}

function api(args: string[]): string {
  const { values, words } = parsed(args, "method", "field", "jq");
  const path = words[0]?.replace("{owner}/{repo}", repository()) ?? "";
  const id = new RegExp(`^repos/${repository()}/issues/comments/(\\d+)$`).exec(path)?.[1];
  if (values["method"] !== "PATCH" || values["field"] !== "body=@-" || values["jq"] !== ".html_url")
    throw new Ended(`the stand-in does not know: gh api ${args.join(" ")}`);
  for (const [number, { comments }] of Object.entries(state.pulls)) {
    const comment = comments.find((one) => one.id === Number(id));
    if (comment === undefined) continue;
    const body = input();
    const error = comment.own ? bodyError(body) : "Must have admin rights to Repository.";
    if (error?.startsWith("Body")) throw new Ended("gh: Validation Failed (HTTP 422)");
    if (error !== undefined) throw new Ended(`gh: ${error} (HTTP 403)`);
    comment.body = body;
    return address(number, comment.id);
  }
  throw new Ended("gh: Not Found (HTTP 404)");
}

const NOT_LOGGED_IN = `gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable. Example:
  env:
    GH_TOKEN: \${{ github.token }}`;

function answer([first, second, ...args]: string[]): string {
  const call = [first, second, ...args].join(" ");
  state.calls.push(call);
  if (!process.env["GH_TOKEN"] && !process.env["GITHUB_TOKEN"]) throw new Ended(NOT_LOGGED_IN, 4);
  const failure = state.failures.findIndex((one) => call.startsWith(one.call));
  const [{ words, done } = {}] = failure === -1 ? [] : state.failures.splice(failure, 1);
  if (done) prComment(args);
  if (words !== undefined) throw new Ended(words);
  if (first === "pr" && second === "view") return prView(args);
  if (first === "pr" && second === "comment") return prComment(args);
  if (first === "api") return api([second ?? "", ...args]);
  throw new Ended(`unknown command "${first}" for "gh"`);
}

try {
  process.stdout.write(`${answer(process.argv.slice(2))}\n`);
} catch (error) {
  if (!(error instanceof Ended)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.code;
}
writeFileSync(file, JSON.stringify(state));
