/** A service in a swarm, as a preview shows it. */
import { describe, expect, it } from "vitest";
import { changesOf } from "../../../lib/previews/changes.ts";
import type { PreviewStep } from "../../../lib/previews/steps.ts";

const service = (paths: string[], { before = 1, after = 1, order = "start-first" } = {}): PreviewStep => {
  const state = (replicas: number) => ({
    inputs: { mode: { replicated: { replicas } }, updateConfig: { order } },
  });
  return {
    op: "update",
    urn: "urn:pulumi:a::agatha::agatha:index:SwarmService$docker:index/service:Service::agatha-a-back",
    oldState: state(before),
    newState: state(after),
    detailedDiff: Object.fromEntries(paths.map((path) => [path, {}])),
  };
};
const healthy: PreviewStep = {
  op: "replace",
  urn: "urn:pulumi:a::agatha::command:local:Command::back-healthy",
  oldState: { outputs: { stdout: "", stderr: '{"startSeconds":7}' } },
};
const backOf = (...steps: PreviewStep[]) =>
  changesOf("a", steps).services.find(({ name }) => name === "back");

describe("a service in a swarm", () => {
  it("is replaced without being away, for the reasons that people know", () => {
    const paths = ["taskSpec.containerSpec.image", "taskSpec.containerSpec.env.AGATHA_IMAGE"];
    expect(backOf(service(paths))).toEqual({
      ...{ name: "back", change: "is replaced", why: ["new image"], away: "not at all" },
    });
    const secret = [
      "taskSpec.containerSpec.secrets[0]",
      "taskSpec.containerSpec.secrets[1]",
      "taskSpec.containerSpec.env.X",
    ];
    expect(backOf(service(secret))?.why).toEqual(["files or secrets", "environment"]);
    const others = [
      "labels[0].value",
      "rollbackConfig.order",
      "taskSpec.placement.constraints[0]",
      "updateConfig.order",
    ];
    expect(backOf(service(others))?.why).toEqual(["placement", "overlap"]);
    expect(backOf(service(["taskSpec.forceUpdate"]))?.why).toEqual(["its last update failed"]);
  });

  it("only gets further tasks, or fewer, for another number of them", () => {
    expect(backOf(service(["mode.replicated.replicas"], { before: 1, after: 3 }))).toEqual({
      ...{ name: "back", change: "is changed as it runs", why: ["replicas 1 => 3"], away: "not at all" },
    });
  });

  it("is away for a while if it is asked for its health otherwise, until the gateway is replaced too", () => {
    const gateway: PreviewStep = {
      op: "replace",
      urn: "urn:pulumi:a::agatha::docker:index/container:Container::gateway-container",
    };
    const asked = service(["taskSpec.containerSpec.healthcheck.tests[4]"]);
    expect(backOf(asked, gateway)?.away).toBe("until the gateway is replaced too");
    expect(backOf(service(["taskSpec.containerSpec.image"]), gateway)?.away).toBe("not at all");
  });

  it("is away if one task ends before the next one starts", () => {
    const stops = service(["taskSpec.containerSpec.image"], { order: "stop-first" });
    expect(backOf(stops, healthy)?.away).toBeCloseTo(7.8);
  });
});
