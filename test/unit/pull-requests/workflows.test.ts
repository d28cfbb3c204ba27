import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  commands,
  evaluated,
  type Job,
  job,
  localActions,
  type Step,
  scriptOf,
  textOf,
  workflow,
  workflowNames,
} from "../../support/workflows.ts";

const jobs = workflowNames().flatMap((name) =>
  Object.entries(workflow(name).jobs).map(([id, found]): [string, Job] => [`${name} ${id}`, found]),
);
const files = [...workflowNames().map((name) => `.github/workflows/${name}`), ...localActions()];
const actionSteps = (file: string) =>
  (parse(readFileSync(file, "utf8")) as { runs: { steps: Step[] } }).runs.steps;
const steps = [...jobs.flatMap(([, { steps }]) => steps), ...localActions().flatMap(actionSteps)];

describe("every workflow", () => {
  it.each(files)("%s pins the actions of others by commit, with the version beside it", (file) => {
    const used = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => /^\s*(- )?uses:/.test(line))
      .map((line) => line.replace(/^\s*(- )?uses: /, ""));
    expect(used.length).toBeGreaterThan(0);
    for (const action of used)
      expect(action).toMatch(/^(\.\/\.github\/actions\/\w+|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  });

  it.each(workflowNames())("%s may by default read the repo and nothing else", (name) => {
    expect(workflow(name).permissions).toEqual({ contents: "read" });
    // It would run code from forks with the repo's secrets.
    expect(Object.keys(workflow(name).on)).not.toContain("pull_request_target");
  });

  it.each(jobs)(
    "%s ends in time, and leaves no token in the clone",
    (_, { steps, "timeout-minutes": limit }) => {
      expect(limit).toBeLessThanOrEqual(60);
      const checkout = steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
      expect(checkout?.with).toMatchObject({ "persist-credentials": false });
    },
  );

  it("runs the repo's npm commands, and no shell code", () => {
    const shell = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(shell.length).toBeGreaterThan(5);
    for (const command of shell) {
      expect(command).not.toMatch(/[\n;|&`]|\$[({]/);
      expect(scriptOf(command), command).toBeDefined();
    }
  });

  it("gives secrets to single steps only", () => {
    for (const [name, { env }] of jobs) expect(JSON.stringify(env ?? {}), name).not.toContain("secrets.");
    for (const name of workflowNames())
      expect(JSON.stringify(workflow(name).env ?? {})).not.toContain("secrets.");
  });

  it("installs the same version of Pulumi that offline/engine is built from", () => {
    const pinned = /pulumi\/pkg\/v3 v([\d.]+)/.exec(
      readFileSync("offline/engine/plugins/go.mod", "utf8"),
    )?.[1];
    const installing = steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"));
    expect(installing?.with).toEqual({ "pulumi-version": pinned });
  });
});

describe("the job on nixpkgs", () => {
  it("runs on GitHub's own runner at each push and each week, with a newcomer's commands and the tests here", () => {
    const { if: condition, env, "runs-on": runner } = job("ci.yml", "nixpkgs");
    expect(condition).toBe("github.event_name != 'pull_request'");
    expect(workflow("ci.yml").on).toMatchObject({ push: {}, schedule: [{ cron: expect.any(String) }] });
    expect(runner).toMatch(/^ubuntu-/);
    // Without it, set-up would take whatever package set it finds, and the job would prove nothing about nixpkgs.
    expect(env).toEqual({ AGATHA_PACKAGES: "nixpkgs" });
    expect(commands("ci.yml", "nixpkgs").map(({ run }) => run.replace("npm run --silent ", ""))).toEqual([
      "up",
      "status",
      "preview -- --expect-no-changes",
      "down -- --volumes --yes",
      "test -- journey images",
    ]);
    expect(existsSync("test/integration/journey.test.ts")).toBe(true);
  });
});

describe("a pull request", () => {
  it("from a fork or from Dependabot gets a preview without secrets or a token that may write", () => {
    const [own, other] = [job("preview.yml", "preview"), job("preview.yml", "preview-without-secrets")];
    expect(own.if).toBe(
      "github.event.pull_request.head.repo.full_name == github.repository && github.event.pull_request.user.login != 'dependabot[bot]'",
    );
    expect(other.if).toBe(
      "github.event.pull_request.head.repo.full_name != github.repository || github.event.pull_request.user.login == 'dependabot[bot]'",
    );
    expect(other.permissions).toBeUndefined();
    expect(JSON.stringify(other)).not.toMatch(/secrets\.|token/);
    expect(commands("preview.yml", "preview-without-secrets").at(-1)?.run).toContain("--empty");
  });

  it("gets a comment even if the preview failed, by a step that has the token", () => {
    const { steps, permissions } = job("preview.yml", "preview");
    expect(permissions).toEqual({ contents: "read", "pull-requests": "write" });
    expect(steps.at(-1)).toMatchObject({
      if: "${{ !cancelled() }}",
      run: expect.stringMatching(/^npm run --silent comment /),
      env: { GH_TOKEN: "${{ github.token }}" },
    });
  });
});

describe("a deployment", () => {
  it("brings staging up, then prod behind its environment, one update of a stack at a time and never cancelled", () => {
    const [staging, prod] = [job("deploy.yml", "staging"), job("deploy.yml", "prod")];
    expect(prod.needs).toBe("staging");
    for (const [stack, { environment, concurrency, env }] of Object.entries({ staging, prod })) {
      expect(environment).toBe(stack);
      expect(env).toEqual({ STACK: stack });
      expect(concurrency).toEqual({ group: `stack-${stack}`, "cancel-in-progress": false });
    }
    expect(prod.steps).toEqual(staging.steps);
  });

  it("makes no stack that the backend does not have", () => {
    for (const id of ["staging", "prod"])
      expect(commands("deploy.yml", id).at(-1)?.run).toBe(
        'npm run --silent up -- --existing --stack "$STACK"',
      );
  });
});

describe("a review stack", () => {
  const [up, down] = [job("review.yml", "up"), job("review.yml", "down")];

  it("is made only for the repository's own branches, and only if a docker host is named for it", () => {
    for (const { if: condition = "" } of [up, down])
      for (const needed of [
        "vars.REVIEW_DOCKER_HOST != ''",
        "github.event.pull_request.head.repo.full_name == github.repository",
        "github.event.pull_request.user.login != 'dependabot[bot]'",
      ])
        expect(condition.split(/\s*&&\s*/)).toContain(needed);
    expect(up.if).toContain("github.event.action != 'closed'");
    expect(down.if).toContain("github.event.action == 'closed'");
    expect(workflow("review.yml").on["pull_request"]).toEqual({
      types: ["opened", "synchronize", "reopened", "closed"],
    });
  });

  it("is worked on by one job at a time, and none is cancelled", () => {
    const group = "stack-pr-${{ github.event.pull_request.number }}";
    for (const { concurrency, env } of [up, down]) {
      expect(concurrency).toEqual({ group, "cancel-in-progress": false });
      expect(env?.["STACK"]).toBe("pr-${{ github.event.pull_request.number }}");
    }
    expect(workflow("review.yml").concurrency).toBeUndefined();
  });

  it("gets a comment even if it did not come up or could not be removed", () => {
    for (const { steps, permissions } of [up, down]) {
      expect(permissions).toEqual({ contents: "read", "pull-requests": "write" });
      expect(steps.at(-1)).toMatchObject({
        if: "${{ !cancelled() }}",
        run: 'npm run --silent comment -- --review --stack "$STACK" --file "$RUNNER_TEMP/review.md"',
        env: { GH_TOKEN: "${{ github.token }}" },
      });
    }
  });

  it("is removed from a branch that still exists", () => {
    expect(down.steps[0]?.with?.["ref"]).toBe("${{ github.event.repository.default_branch }}");
  });

  it("that could not be removed is swept", () => {
    const { if: condition, permissions } = job("review.yml", "sweep");
    expect(condition).toBe("vars.REVIEW_DOCKER_HOST != '' && github.event_name != 'pull_request'");
    expect(permissions).toEqual({ contents: "read", "pull-requests": "write" });
    expect(workflow("review.yml").on["schedule"]).toHaveLength(1);
    const { run, env } = commands("review.yml", "sweep").at(-1) ?? {};
    expect(run).toBe("npm run --silent sweep -- --yes");
    expect(env?.["GH_TOKEN"]).toBe("${{ github.token }}");
    expect(env?.["REVIEW_DOCKER_HOST"]).toBe("${{ vars.REVIEW_DOCKER_HOST }}");
  });
});

it("the environments' names are those of stacks' files", () => {
  for (const stack of ["staging", "prod"])
    expect(readFileSync(`Pulumi.${stack}.yaml`, "utf8")).toContain("agatha:packages");
  expect(textOf("preview.yml")).toContain("vars.PREVIEW_STACK || 'prod'");
});

it("expressions are evaluated as on GitHub", () => {
  const context = { "vars.A": "a", "secrets.B": "" };
  expect(evaluated("${{ vars.A || 'prod' }}-${{ vars.X || 'prod' }}-${{ secrets.B }}", context)).toBe(
    "a-prod-",
  );
});
