import { expect, it } from "vitest";
import { isNameOf, withHost } from "../../../lib/stacks/remove.ts";

const hash = "0".repeat(32);

it.each([
  [`agatha-back-image:kept-pr-1-${hash}`, true],
  [`agatha-back-image:migrations-pr-1-${hash}`, true],
  [`agatha-back-image:kept-pr-1-x-${hash}`, false],
  [`agatha-back-image:kept-xpr-1-${hash}`, false],
  [`agatha-back-image:${hash}`, false],
  ["agatha-back-image:latest", false],
])("%s is stack pr-1's own name: %j", (ref, expected) => {
  expect(isNameOf("pr-1", ref)).toBe(expected);
});

it("a stack is removed where its file says, else its state, else the environment", () => {
  const state = (host: string) => ({
    resources: [{ urn: "urn", type: "pulumi:providers:docker", inputs: { host } }],
  });
  const DOCKER_HOST = "ssh://environment";
  expect(withHost({ DOCKER_HOST }, undefined, state("ssh://state"))).toEqual({ DOCKER_HOST: "ssh://state" });
  expect(withHost({}, undefined, state("ssh://state"))).toEqual({ DOCKER_HOST: "ssh://state" });
  expect(withHost({ DOCKER_HOST }, undefined, {})).toEqual({ DOCKER_HOST });
  const inFile = { DOCKER_HOST: "ssh://file" };
  expect(withHost(inFile, "ssh://file", state("ssh://state"))).toEqual(inFile);
  const context = { DOCKER_CONTEXT: "tls" };
  expect(withHost(context, undefined, state("tcp://state:2376"))).toEqual(context);
});
