import { expect, it } from "vitest";
import { ownSentence } from "../../components/nixArguments.ts";

const sentence =
  'agatha:back.jar: "x" has class files for Java 21, newer than its JRE 17. Set back.java to 21.';

it.each([
  ["an evaluation", `error: ${sentence}\n\n       at /a/b.nix:1:2:`],
  ["a coloured evaluation", `\u001b[31;1merror:\u001b[0m ${sentence}\u001b[0m\n`],
  ["a build", `building '/nix/store/x.drv'...\n${sentence}\nerror: builder for '/nix/store/x.drv' failed`],
  ["a build whose lines bear its name", `agatha-back> checking\nagatha-back> ${sentence}\nerror: x`],
])("finds our own sentence in what %s printed", (_, stderr) => {
  expect(ownSentence(stderr)).toBe(sentence);
});

it("finds none in another failure", () => {
  expect(ownSentence("error: builder for 'x' failed with exit code 1")).toBeUndefined();
});
