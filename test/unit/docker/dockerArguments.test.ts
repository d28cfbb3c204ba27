import { expect, it } from "vitest";
import { labelled, ofStack, removal } from "../../../lib/docker/arguments.ts";

it("a stack is found by its label, and a service by both labels", () => {
  expect(ofStack("dev")).toEqual(["--filter", "label=agatha.stack=dev"]);
  expect(ofStack("dev", "back")).toEqual([
    ...["--filter", "label=agatha.stack=dev", "--filter", "label=agatha.service=back"],
  ]);
});

it("what is made has the labels that it is found by", () => {
  expect(labelled("dev", "back-trial")).toEqual([
    ...["--label", "agatha.stack=dev", "--label", "agatha.service=back-trial"],
  ]);
});

it.each([
  ["container", ["container", "rm", "--force", "--volumes", "a", "b"]],
  ["volume", ["volume", "rm", "--force", "a", "b"]],
  // Docker's clients before 23 have no --force for it.
  ["network", ["network", "rm", "a", "b"]],
] as const)("a %s is removed by force, as far as docker has that", (kind, args) => {
  expect(removal(kind, "a", "b")).toEqual(args);
});
