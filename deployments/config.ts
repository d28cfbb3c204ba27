/** The configuration of the deployment settings: every key, its default, and the message for a wrong value. */
import { z } from "zod";
import { collect } from "../lib/config/collect.ts";
import { validate } from "../lib/config/errors.ts";
import { like } from "../lib/config/fields.ts";
import { ConfigError } from "../lib/config/load.ts";

/** The namespace of every key: `pulumi config set agatha-deployments:<key>`. */
export const NAMESPACE = "agatha-deployments";

const NAME = /^[a-zA-Z0-9][\w.-]{0,99}$/;

const list = (what: string) =>
  z.array(
    z.string().min(1, `is empty. Remove it, or write ${what}.`),
    `is not a list. Write one ${what} a line.`,
  );

const variables = z.record(
  like(/^[A-Za-z_]\w*$/, "is not a variable's name. Use letters, digits and _."),
  z.string('is not text. Write it in quotes, like "1".'),
);

const branch = like(/^[^\s~^:?*[\\]+$/, "is not a branch. Write it like main.");

const stack = z.strictObject({
  branch: branch.optional(),
  deployOnPush: z.boolean().default(false),
  previewPullRequests: z.boolean().default(true),
  reviewTemplate: z.boolean().default(false),
});

const schema = z.strictObject({
  organization: like(
    NAME,
    "is not an organisation's name. Take it from the address of your stacks in Pulumi Cloud.",
  ),
  repository: like(/^[\w.-]+\/[\w.-]+$/, "is not a repository. Write it like owner/name."),
  branch: branch.default("main"),
  folder: like(
    /^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/,
    "is not a folder of the repository. Write it like . or ship/agatha.",
  ).default("."),
  paths: list("a path filter like nix/**").default([
    "!docs/**",
    "!test/**",
    "!.github/**",
    "!deployments/**",
    "!*.md",
  ]),
  executorImage: like(
    /^\S+[:@][\w.:-]+$/,
    "is not an image with a tag or a digest. Write it like registry.example/executor:1.",
  ).optional(),
  agentPool: z.string().min(1, "is empty. Remove it for Pulumi's own runners.").optional(),
  preRunCommands: list("a command").default(["npm ci", "npm run sample"]),
  environment: variables.default({}),
  secrets: variables.default({}),
  stacks: z
    .record(like(NAME, "is not a stack's name. Use letters, digits, _, . and -."), stack)
    .refine((stacks) => Object.keys(stacks).length > 0, "names no stack. Name at least one, or remove it.")
    .prefault({ staging: { deployOnPush: true }, prod: {} }),
});

const REQUIRED: Record<string, string> = {
  organization: `Set it: \`pulumi config set ${NAMESPACE}:organization NAME\`, the organisation of your stacks in Pulumi Cloud.`,
  repository: `Set it: \`pulumi config set ${NAMESPACE}:repository OWNER/NAME\`, where Pulumi's GitHub app is installed.`,
};

/**
 * The whole configuration, validated, every default filled in.
 *
 * @param raw What Pulumi holds; other namespaces are left alone.
 * @throws ConfigError with all errors, each `agatha-deployments:<key>: <received> <what is wrong>. <The fix>.`
 */
export function loadDeployments(raw: Record<string, string>): z.infer<typeof schema> {
  const errors: string[] = [];
  const { data, issues } = validate(schema, NAMESPACE, raw, collect(raw, NAMESPACE, errors), REQUIRED);
  errors.push(...issues);
  for (const name of Object.keys(data?.secrets ?? {}))
    if (data?.environment[name] !== undefined)
      errors.push(`${NAMESPACE}:secrets.${name}: is in environment as well. Remove one of the two.`);
  for (const [name, { reviewTemplate, deployOnPush }] of Object.entries(data?.stacks ?? {}))
    if (reviewTemplate && deployOnPush)
      errors.push(
        `${NAMESPACE}:stacks.${name}: is a review template and deployed on push. Set one of the two to false.`,
      );
  if (data === undefined || errors.length > 0) throw new ConfigError(errors);
  return data;
}
