/** The deployment settings of Pulumi Cloud: what is registered for each stack, and what is refused. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { loadDeployments } from "../../deployments/config.ts";
import { listen, only, type Registered, record } from "../support/recorder.ts";

const TYPE = "pulumiservice:index:DeploymentSettings";

const REQUIRED = {
  "agatha-deployments:organization": "team",
  "agatha-deployments:repository": "team/app",
};

async function program(more: Record<string, string> = {}) {
  vi.resetModules();
  const registered = record({ config: { ...REQUIRED, ...more } });
  const requests = listen();
  const outputs = (await import("../../deployments/index.ts")) as typeof import("../../deployments/index.ts");
  await pulumi.runtime.disconnect();
  return { registered, requests, outputs };
}

// Pulumi's language host asks, at each preview and update, for the plugins of all packages in any node_modules below the
// project (pulumi 3.259, sdk/nodejs/cmd/pulumi-language-nodejs/main.go: getPackagesFromDir).
it("no package makes an update ask for more plugins than the stack has", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, object> };
  const asking = Object.keys(lock.packages).filter((path) => {
    const file = join(path, "package.json");
    // What is for another system is not there.
    if (path === "" || !existsSync(file)) return false;
    return (JSON.parse(readFileSync(file, "utf8")) as { pulumi?: { resource?: boolean } }).pulumi?.resource;
  });
  expect(asking).toEqual(["node_modules/@pulumi/command", "node_modules/@pulumi/docker"]);
});

const names = (registered: Registered[]) => registered.map(({ type, name }) => `${type} ${name}`);

describe("deployment settings", () => {
  it("are those of staging, deployed on push, and of prod, deployed by hand", async () => {
    const { registered, outputs } = await program();
    expect(names(registered)).toEqual([`${TYPE} staging`, `${TYPE} prod`]);
    expect(only(registered, TYPE, "staging")).toEqual({
      organization: "team",
      project: "agatha",
      stack: "staging",
      cacheOptions: { enable: true },
      sourceContext: { git: { branch: "refs/heads/main", repoDir: "." } },
      vcs: {
        provider: "github",
        repository: "team/app",
        paths: ["!docs/**", "!test/**", "!.github/**", "!deployments/**", "!*.md"],
        deployCommits: true,
        previewPullRequests: true,
        pullRequestTemplate: false,
      },
      operationContext: {
        preRunCommands: ["npm ci", "npm run sample"],
        environmentVariables: {},
        options: {
          skipInstallDependencies: true,
          skipIntermediateDeployments: true,
          deleteAfterDestroy: false,
        },
      },
    });
    expect(only(registered, TYPE, "prod")["vcs"]).toMatchObject({
      deployCommits: false,
      previewPullRequests: true,
    });
    expect(outputs.stacks).toEqual(["team/agatha/staging", "team/agatha/prod"]);
  });

  it("take an executor, a pool of runners, a folder, filters, commands and variables from the configuration", async () => {
    const { registered } = await program({
      "agatha-deployments:executorImage": "registry.example/agatha-executor:0123",
      "agatha-deployments:agentPool": "pool-1",
      "agatha-deployments:folder": "ship/agatha",
      "agatha-deployments:paths": '["ship/**"]',
      "agatha-deployments:preRunCommands": '["make"]',
      "agatha-deployments:environment": '{"DOCKER_HOST":"ssh://user@host"}',
      "agatha-deployments:stacks": '{"prod":{"branch":"release","deployOnPush":true}}',
    });
    expect(names(registered)).toEqual([`${TYPE} prod`]);
    expect(only(registered, TYPE, "prod")).toMatchObject({
      agentPoolId: "pool-1",
      executorContext: { executorImage: "registry.example/agatha-executor:0123" },
      sourceContext: { git: { branch: "refs/heads/release", repoDir: "ship/agatha" } },
      vcs: { paths: ["ship/**"], deployCommits: true },
      operationContext: {
        preRunCommands: ["make"],
        environmentVariables: { DOCKER_HOST: "ssh://user@host" },
      },
    });
  });

  it("make a template of review stacks, whose stacks go when they are destroyed", async () => {
    const { registered } = await program({ "agatha-deployments:stacks": '{"pr":{"reviewTemplate":true}}' });
    expect(only(registered, TYPE, "pr")).toMatchObject({
      vcs: { pullRequestTemplate: true, deployCommits: false },
      operationContext: { options: { deleteAfterDestroy: true } },
    });
  });

  it("hold secrets as secrets, beside the plain variables", async () => {
    const { requests } = await program({
      "agatha-deployments:environment": '{"A":"a"}',
      "agatha-deployments:secrets": '{"SSH_KEY":"geheim"}',
    });
    expect(requests[`${TYPE} prod`]?.["inputs"]).toMatchObject({
      operationContext: { environmentVariables: { A: "a", SSH_KEY: { secret: "geheim" } } },
    });
  });
});

const errorsOf = (raw: Record<string, string>): string => {
  try {
    loadDeployments(raw);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("a configuration of deployments", () => {
  it("names what is required and missing, all at once", () => {
    expect(errorsOf({ "agatha-deployments:brunch": "x" })).toBe(
      [
        "agatha-deployments:organization: is missing. Set it: `pulumi config set agatha-deployments:organization NAME`, the organisation of your stacks in Pulumi Cloud.",
        "agatha-deployments:repository: is missing. Set it: `pulumi config set agatha-deployments:repository OWNER/NAME`, where Pulumi's GitHub app is installed.",
        "agatha-deployments:brunch: is not a key that is known. Did you mean branch?",
      ].join("\n"),
    );
  });

  it.each([
    ["repository", "app", 'repository: "app" is not a repository. Write it like owner/name.'],
    ["folder", "../x", 'folder: "../x" is not a folder of the repository.'],
    ["executorImage", "executor", 'executorImage: "executor" is not an image with a tag or a digest.'],
    ["environment", '{"A B":"x"}', "environment"],
    ["environment", '{"A":1}', "environment.A: 1 is not text. Write it in quotes"],
    ["stacks", "{}", "stacks: {} names no stack."],
    [
      "stacks",
      '{"prod":{"deployOnPull":true}}',
      "stacks.prod.deployOnPull: is not a key that is known. Did you mean stacks.prod.deployOnPush?",
    ],
    [
      "stacks",
      '{"pr":{"reviewTemplate":true,"deployOnPush":true}}',
      "stacks.pr: is a review template and deployed on push.",
    ],
    ["secrets", '{"TOKEN":1}', "secrets.TOKEN: the value (not shown) is not text."],
  ])("says what is wrong with %s = %s", (key, value, message) => {
    expect(errorsOf({ ...REQUIRED, [`agatha-deployments:${key}`]: value })).toContain(
      `agatha-deployments:${message}`,
    );
  });

  it("refuses a variable that is a secret and plain", () => {
    const both = {
      "agatha-deployments:environment": '{"A":"x"}',
      "agatha-deployments:secrets": '{"A":"geheim"}',
    };
    expect(errorsOf({ ...REQUIRED, ...both })).toBe(
      "agatha-deployments:secrets.A: is in environment as well. Remove one of the two.",
    );
  });
});
