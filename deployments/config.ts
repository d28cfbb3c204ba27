/** The configuration of the deployment settings: every key, its default, and what is wrong with what was given. */
import { z } from "zod";
import { describeIssue, secretPaths } from "../lib/config/errors.ts";
import { collect } from "../lib/config/keys.ts";
import { ConfigError } from "../lib/config/load.ts";

/** The namespace of every key: `pulumi config set agatha-deployments:<key>`. */
export const NAMESPACE = "agatha-deployments";

const NAME = /^[a-zA-Z0-9][\w.-]{0,99}$/;

const list = (what: string) =>
  z.array(
    z.string(`is not ${what}.`).min(1, `is empty. Remove it, or write ${what}.`),
    `is not a list. Write one ${what} a line.`,
  );

const variables = z.record(
  z.string().regex(/^[A-Za-z_]\w*$/, "is not a variable's name. Use letters, digits and _."),
  z.string('is not text. Write it in quotes, like "1".'),
  "is not a map of names to values.",
);

const yes = (value: boolean) => z.boolean("is not true or false.").default(value);

const stack = z.strictObject({
  branch: z
    .string("is not a branch.")
    .regex(/^[^\s~^:?*[\\]+$/, "is not a branch. Write it like main.")
    .optional(),
  deployOnPush: yes(false),
  previewPullRequests: yes(true),
  reviewTemplate: yes(false),
});

const schema = z.strictObject({
  organization: z
    .string("is not an organisation.")
    .regex(NAME, "is not an organisation's name. Take it from the address of your stacks in Pulumi Cloud."),
  repository: z
    .string("is not a repository.")
    .regex(/^[\w.-]+\/[\w.-]+$/, "is not a repository. Write it like owner/name."),
  branch: stack.shape.branch.unwrap().default("main"),
  folder: z
    .string("is not a folder.")
    .regex(
      /^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/,
      "is not a folder of the repository. Write it like . or ship/agatha.",
    )
    .default("."),
  paths: list("a path filter like nix/**").default([
    "!docs/**",
    "!test/**",
    "!.github/**",
    "!deployments/**",
    "!*.md",
  ]),
  executorImage: z
    .string("is not an image.")
    .regex(
      /^\S+[:@][\w.:-]+$/,
      "is not an image with a tag or a digest. Write it like registry.example/executor:1.",
    )
    .optional(),
  agentPool: z
    .string("is not a pool's id.")
    .min(1, "is empty. Remove it for Pulumi's own runners.")
    .optional(),
  preRunCommands: list("a command").default(["npm ci", "npm run sample"]),
  environment: variables.default({}),
  secrets: variables.default({}),
  stacks: z
    .record(z.string().regex(NAME, "is not a stack's name. Use letters, digits, _, . and -."), stack)
    .refine((stacks) => Object.keys(stacks).length > 0, "names no stack. Name at least one, or remove it.")
    .default({
      staging: { deployOnPush: true, previewPullRequests: true, reviewTemplate: false },
      prod: { deployOnPush: false, previewPullRequests: true, reviewTemplate: false },
    }),
});

/** The whole configuration, validated, every default filled in. */
export type Deployments = z.infer<typeof schema>;

const REQUIRED: Record<string, string> = {
  organization: `Set it: \`pulumi config set ${NAMESPACE}:organization NAME\`, the organisation of your stacks in Pulumi Cloud.`,
  repository: `Set it: \`pulumi config set ${NAMESPACE}:repository OWNER/NAME\`, where Pulumi's GitHub app is installed.`,
};

/**
 * Reads, validates and completes the configuration.
 *
 * @param raw What Pulumi holds; other namespaces are left alone.
 * @throws ConfigError with all errors, each `agatha-deployments:<key>: <received> <what is wrong>. <The fix>.`
 */
export function loadDeployments(raw: Record<string, string>): Deployments {
  const errors: string[] = [];
  const given = collect(raw, NAMESPACE, errors);
  const missing = Object.keys(REQUIRED).filter((key) => given[key] === undefined);
  errors.push(...missing.map((key) => `${NAMESPACE}:${key}: is missing. ${REQUIRED[key]}`));
  const parsed = schema.safeParse(given, { reportInput: true });
  if (!parsed.success) {
    const issues = parsed.error.issues.filter((issue) => !missing.includes(String(issue.path[0])));
    const isSecret = secretPaths(NAMESPACE, raw);
    errors.push(...issues.flatMap((issue) => describeIssue(NAMESPACE, issue, keysAt, isSecret)));
    throw new ConfigError(errors);
  }
  errors.push(...contradictions(parsed.data));
  if (errors.length > 0) throw new ConfigError(errors);
  return parsed.data;
}

const keysAt = (path: PropertyKey[]): string[] =>
  path.length === 0
    ? Object.keys(schema.shape)
    : path[0] === "stacks" && path.length === 2
      ? Object.keys(stack.shape)
      : [];

/** What cannot hold at once. */
function contradictions({ environment, secrets, stacks }: Deployments): string[] {
  const twice = Object.keys(secrets)
    .filter((name) => name in environment)
    .map((name) => `${NAMESPACE}:secrets.${name}: is in environment as well. Remove one of the two.`);
  const pushed = Object.entries(stacks)
    .filter(([, { reviewTemplate, deployOnPush }]) => reviewTemplate && deployOnPush)
    .map(
      ([name]) =>
        `${NAMESPACE}:stacks.${name}: is a review template and deployed on push. Set one of the two to false.`,
    );
  return [...twice, ...pushed];
}
