/** Pulumi Cloud's deployment settings of each stack, as docs/deployments.md describes them. */
import * as pulumi from "@pulumi/pulumi";
import { heldConfig, inSentences } from "../lib/config/fromPulumi.ts";
import { loadDeployments } from "./config.ts";

const config = await inSentences(() => loadDeployments(heldConfig()));

/**
 * What the npm package @pulumi/pulumiservice has under this name. With that package, each preview and update of the
 * stacks would ask for its plugin too: Pulumi's language host walks every node_modules below a project.
 */
class DeploymentSettings extends pulumi.CustomResource {}

const secrets = Object.fromEntries(
  Object.entries(config.secrets).map(([variable, value]) => [variable, pulumi.secret(value)]),
);

for (const [name, stack] of Object.entries(config.stacks)) {
  const branch = stack.branch ?? config.branch;
  // Inputs as in that package, version 1.3.0.
  const settings = {
    organization: config.organization,
    // The name in the Pulumi.yaml of the repository's root.
    project: "agatha",
    stack: name,
    agentPoolId: config.agentPool,
    executorContext: config.executorImage && { executorImage: config.executorImage },
    cacheOptions: { enable: true },
    // The address of the repository is the VCS integration's, and so are the credentials to read it. Pulumi Cloud compares
    // the branch with the ref that a push names.
    sourceContext: {
      git: {
        branch: branch.startsWith("refs/") ? branch : `refs/heads/${branch}`,
        repoDir: config.folder,
      },
    },
    vcs: {
      provider: "github",
      repository: config.repository,
      paths: config.paths,
      deployCommits: stack.deployOnPush,
      previewPullRequests: stack.previewPullRequests,
      pullRequestTemplate: stack.reviewTemplate,
    },
    operationContext: {
      preRunCommands: config.preRunCommands,
      environmentVariables: { ...config.environment, ...secrets },
      options: {
        // The lock file decides, by `npm ci` in the pre-run commands; the runner's own step is `npm install`.
        skipInstallDependencies: true,
        // Of several pushes that wait, the last one has it all.
        skipIntermediateDeployments: true,
        deleteAfterDestroy: stack.reviewTemplate,
      },
    },
  };
  new DeploymentSettings("pulumiservice:index:DeploymentSettings", name, settings, { version: "1.3.0" });
}

/** The stacks whose deployments are set here, as Pulumi Cloud names them. */
export const stacks = Object.keys(config.stacks).map((stack) => `${config.organization}/agatha/${stack}`);
