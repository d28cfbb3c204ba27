/**
 * Brings an image into the daemon. If `REF` is there already, nothing is built, sent or touched. A pinned image must be
 * there: otherwise the step fails with the message in `PIN_ABSENT`.
 * Prints one line that says what happened, and hands the image's size on.
 */
import { text } from "node:stream/consumers";
import { docker, inspect, tagged } from "../lib/docker/client.ts";
import { buildAndDeliver, pointTo } from "../lib/images/deliver.ts";
import type { Registry } from "../lib/images/registry.ts";
import { digestIn, type OpenRegistry } from "../lib/images/throughRegistry.ts";
import { handOn } from "../lib/stepFacts.ts";
import { megabytes } from "../lib/units.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const [ref, kept] = [input("REF"), input("KEPT_AS")];
  const pinAbsent = process.env["PIN_ABSENT"];
  const described = process.env["REGISTRY"];
  // Its password is on standard input.
  const registry: OpenRegistry | undefined = described
    ? { ...(JSON.parse(described) as Registry), password: await text(process.stdin) }
    : undefined;
  const bring = () =>
    buildAndDeliver(ref, {
      attribute: input("ATTRIBUTE"),
      packages: input("PACKAGES"),
      application: input("APPLICATION"),
      system: input("SYSTEM"),
      outLink: input("OUT_LINK"),
      registry,
    });
  let what = pinAbsent === undefined ? "is in docker already" : "is pinned";
  // First of all: from here on, no other stack's update prunes the image as superfluous.
  if (!(await tagged(ref, kept))) {
    if (pinAbsent !== undefined) throw new UserError(pinAbsent);
    what = await bring();
    await docker(["tag", ref, kept]);
  }
  const needed = registry !== undefined && process.env["BY_DIGEST"] !== undefined;
  let digest = needed ? await digestIn(ref, registry) : undefined;
  // It was in docker before the stack had this registry.
  if (needed && digest === undefined) {
    if (pinAbsent !== undefined)
      throw new UserError(
        `agatha:registry: "${registry.address}" does not have ${ref}, which is pinned. Take the pin away, or push it there.`,
      );
    what = await bring();
    digest = await digestIn(ref, registry);
  }
  const aliases = input("ALIASES").split(" ");
  await Promise.all(aliases.map((alias) => docker(["tag", ref, alias])));
  if (pinAbsent === undefined) pointTo(input("OUT_LINK"));
  const sizeBytes = (await inspect<number>("image", ref, ".Size")) ?? 0;
  process.stdout.write(`${ref} ${what}, ${megabytes(sizeBytes)} (${sizeBytes} bytes)\n`);
  handOn({ sizeBytes, digest });
});
