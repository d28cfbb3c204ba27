/** The deployment settings of one stack. */
import * as pulumi from "@pulumi/pulumi";
import type { Deployments } from "./config.ts";

/** The project whose stacks are deployed: the name in the Pulumi.yaml of the repository's root. */
const PROJECT = "agatha";

/** The inputs of a `pulumiservice:index:DeploymentSettings` (as in its npm package, version 1.3.0). */
export function deploymentSettings(config: Deployments, name: string): pulumi.Inputs {
  const stack = config.stacks[name] as Deployments["stacks"][string];
  const secrets = Object.fromEntries(
    Object.entries(config.secrets).map(([variable, value]) => [variable, pulumi.secret(value)]),
  );
  return {
    organization: config.organization,
    project: PROJECT,
    stack: name,
    agentPoolId: config.agentPool,
    executorContext: config.executorImage && { executorImage: config.executorImage },
    cacheOptions: { enable: true },
    // The address of the repository is the VCS integration's, and so are the credentials to read it.
    sourceContext: { git: { branch: branchRef(stack.branch ?? config.branch), repoDir: config.folder } },
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
      environmentVariables: {
        ...config.environment,
        ...secrets,
      },
      options: {
        // The lock file decides, by `npm ci` in the pre-run commands; the runner's own step is `npm install`.
        skipInstallDependencies: true,
        // Of several pushes that wait, the last one has it all.
        skipIntermediateDeployments: true,
        deleteAfterDestroy: stack.reviewTemplate,
      },
    },
  };
}

/** Pulumi Cloud compares it with the ref that a push names. */
const branchRef = (branch: string): string => (branch.startsWith("refs/") ? branch : `refs/heads/${branch}`);
