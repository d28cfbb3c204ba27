import { describe, expect, it } from "vitest";
import type { DockerObject } from "../../../lib/stacks/dockerObjects.ts";
import { notUp } from "../../../lib/stacks/status.ts";

const container = (service: string, status: string): DockerObject => ({
  ...{ id: "", service, status, name: `agatha-a-${service}`, ports: "", image: "" },
});
const up = ["db", "back", "front", "gateway"].map((service) => container(service, "Up 2 minutes (healthy)"));
const with_ = (service: string, status: string) =>
  up.map((one) => (one.service === service ? container(service, status) : one));

describe("a stack whose update went well", () => {
  it("is up if each service runs, including one that docker has not looked at yet", () => {
    expect(notUp("a", up)).toBeUndefined();
    expect(notUp("a", with_("back", "Up 1 second (health: starting)"))).toBeUndefined();
    expect(notUp("a", [...up, container("back-trial", "Exited (0) 1 second ago")])).toBeUndefined();
  });

  // Pulumi changes nothing if the state has a container, and `up` said "Agatha is up" after `docker rm -f`.
  it("is not up if a container is gone or does not run, with the fix", () => {
    expect(notUp("a", up.slice(1))).toBe(
      "up: stack a is not up: db is not there on the docker host. `npm run up -- --refresh --stack a` makes it again.",
    );
    expect(notUp("a", with_("front", "Exited (137) 2 minutes ago"))).toBe(
      'up: stack a is not up: front is "Exited (137) 2 minutes ago" on the docker host. `npm run up -- --refresh --stack a` makes it again.',
    );
    for (const status of ["Created", "Dead"])
      expect(notUp("a", with_("back", status))).toBe(
        `up: stack a is not up: back is "${status}" on the docker host. \`npm run up -- --refresh --stack a\` makes it again.`,
      );
    expect(notUp("a", [])).toContain("db is not there, back is not there, front is not there, gateway is");
  });

  // Where docker did not say in time what is deployed, an update finds nothing to do.
  it("is not up if only the container of before is there, whose successor failed", () => {
    const former = { ...container("back", "Up 2 hours (healthy)"), name: "agatha-a-back-1234567-former" };
    const others = up.filter(({ service }) => service !== "back");
    expect(notUp("a", [...others, former])).toBe(
      "up: stack a is not up: back is not there on the docker host. `npm run up -- --refresh --stack a` makes it again.",
    );
    const newest = { ...container("back", "Up 1 minute (healthy)"), name: "agatha-a-back-89abcde" };
    expect(notUp("a", [newest, ...others, former])).toBeUndefined();
    expect(notUp("a", [former, ...others, newest])).toBeUndefined();
  });

  // A refresh leaves both as they are: docker says that they run.
  it("is not up if a service is paused or keeps restarting, with the fix for each", () => {
    expect(notUp("a", with_("back", "Up 1 minute (Paused)"))).toBe(
      'up: stack a is not up: back is "Up 1 minute (Paused)" on the docker host. `docker unpause agatha-a-back` lets it go on.',
    );
    expect(notUp("a", with_("back", "Restarting (1) 2 seconds ago"))).toBe(
      'up: stack a is not up: back is "Restarting (1) 2 seconds ago" on the docker host. `npm run logs -- back --stack a` shows why.',
    );
    const both = with_("back", "Up 2 hours (unhealthy)").with(0, container("db", "Up 2 hours (Paused)"));
    expect(notUp("a", both)).toContain("`docker unpause agatha-a-db` lets it go on.");
  });

  it("is not up if a service is unhealthy: its log says why", () => {
    expect(notUp("a", with_("back", "Up 2 hours (unhealthy)"))).toBe(
      'up: stack a is not up: back is "Up 2 hours (unhealthy)" on the docker host. `npm run logs -- back --stack a` shows why.',
    );
    const gone = with_("back", "Up 2 hours (unhealthy)").slice(1);
    expect(notUp("a", gone)).toContain("`npm run up -- --refresh --stack a` makes it again.");
  });
});
