import { expect, it } from "vitest";
import { ownSentence } from "../../../lib/images/nix.ts";

const sentence =
  'agatha:back.jar: "x" has class files for Java 21, newer than its JRE 17. Set back.java to 21.';

const drv = "/nix/store/cidh9zlfabq7vjkfy0kbhn6dqr91hg6b-agatha-back.drv";

// Recorded from 2.8.0 and 2.26.3 (Debian's). Those of 2.18, 2.24 and 2.31 were neither recorded nor read: they are how such
// logs look in public reports.
it.each([
  ["an evaluation of Nix 2.8", `error: ${sentence}\n\n       at /a/b.nix:1:2:\n\n            1| throw x`],
  ["an evaluation in colour", `\u001b[31;1merror:\u001b[0m ${sentence}\u001b[0m\n`],
  [
    "an evaluation of Nix 2.26, below its trace",
    `error:
       … while evaluating attribute 'back'
         at /a/nix/meta.nix:35:3:
           34| {
           35|   throw "agatha:back.jar: \${toJSON received} is not it";
             |   ^

       (stack trace truncated; use '--show-trace' to show the full, detailed trace)

       error: ${sentence}
`,
  ],
  [
    "a build of Nix 2.8 and 2.26",
    `building '${drv}'...\nchecking\n${sentence}\nerror: builder for '${drv}' failed`,
  ],
  ["a build with the names of what is built", `agatha-back> checking\nagatha-back> ${sentence}\nerror: x`],
  [
    "a build whose log Nix repeats (2.18 to 2.26)",
    `error: builder for '${drv}' failed with exit code 1;
       last 2 log lines:
       > checking
       > ${sentence}
       For full logs, run 'nix log ${drv}'.
error: 1 dependencies of derivation '/nix/store/x-outer.drv' failed to build`,
  ],
  [
    "a build whose log Nix repeats (2.31)",
    `error: Cannot build '${drv}'.
       Reason: builder failed with exit code 1.
       Output paths:
         /nix/store/x-agatha-back
       Last 2 log lines:
       > checking
       > ${sentence}
       For full logs, run:
         nix log ${drv}
error: Cannot build '/nix/store/x-outer.drv'.
       Reason: 1 dependency failed.`,
  ],
  ["a build through a terminal", `\u001b[35;1magatha-back>\u001b[0m ${sentence}\r\n`],
])("finds our own message in the output of %s", (_, stderr) => {
  expect(ownSentence(stderr)).toBe(sentence);
});

it.each([
  "error: builder for 'x' failed with exit code 1",
  '           35|   throw "agatha:back.jar: ...";',
  "building '/nix/store/x-agatha:y.drv'...",
])("finds none in %j", (stderr) => {
  expect(ownSentence(stderr)).toBeUndefined();
});
