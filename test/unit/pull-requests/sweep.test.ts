import { expect, it, vi } from "vitest";
import { notSwept, numberOf, reviewHost, sweep } from "../../../lib/pull-requests/sweep.ts";

const { removeStack, post } = vi.hoisted(() => ({ removeStack: vi.fn(), post: vi.fn() }));
vi.mock("../../../lib/stacks/remove.ts", () => ({ removeStack }));
vi.mock("../../../lib/pull-requests/github.ts", () => ({
  post,
  pullRequest: (number: number) => Promise.resolve({ number, closed: number !== 3 }),
}));
vi.mock("../../../lib/stacks/stack.ts", () => ({
  environment: () => Promise.resolve({}),
  exportedState: () => Promise.resolve(on(HOST)),
  listed: () => Promise.resolve(["dev", "pr-1", "pr-2", "pr-3"].map((name) => ({ name }))),
}));

const HOST = "ssh://deploy@review.example";
const on = (host?: string) => ({
  resources: [{ urn: "urn", type: "pulumi:providers:docker", inputs: host === undefined ? {} : { host } }],
});

it.each([
  ["pr-12", 12],
  ["pr-012", undefined],
  ["pr-12-x", undefined],
  ["xpr-12", undefined],
  ["staging", undefined],
])("stack %s is for pull request %s", (stack, number) => {
  expect(numberOf(stack)).toBe(number);
});

it("the host of review stacks has to be named", () => {
  expect(reviewHost({ REVIEW_DOCKER_HOST: HOST })).toBe(HOST);
  for (const env of [{}, { REVIEW_DOCKER_HOST: "" }])
    expect(() => reviewHost(env)).toThrow("REVIEW_DOCKER_HOST: is not set. Name the docker host");
});

it("a stack on another docker host than that of review stacks, or on none, is left alone", () => {
  expect(notSwept("pr-12", on(HOST), HOST)).toBeUndefined();
  expect(notSwept("pr-12", on("ssh://me@other"), HOST)).toContain(
    `Stack pr-12 is left alone: it is on "ssh://me@other", review stacks are on "${HOST}".`,
  );
  for (const none of [{}, on()])
    expect(notSwept("pr-12", none, HOST)).toContain("its state names no docker host");
});

it("one stack that cannot be removed does not prevent the removal of the others", async () => {
  removeStack.mockImplementation((stack: string) => Promise.resolve({ code: stack === "pr-1" ? 255 : 0 }));
  expect(await sweep(HOST, true)).toBe(255);
  expect(removeStack.mock.calls).toEqual([
    ["pr-1", { sure: true }],
    ["pr-2", { sure: true }],
  ]);
  expect(post).toHaveBeenCalledTimes(1);
});
