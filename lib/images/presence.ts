/** Asks the docker daemon, once for all images, which of them it has; so that one that was pruned is brought back. */

import { askDocker } from "../docker/ask.ts";
import type { DockerHost } from "../docker/host.ts";
import { UserError } from "../userError.ts";
import { type ImagePlan, imageRef, isPinned, pinAbsent } from "./plan.ts";

/** What is known of an image: nothing, where no daemon answers in time. */
export type Presence = "present" | "absent" | "unknown";

/** @param host Answers, or did just now: who does not is not asked. */
export async function probeImages(refs: string[], host: DockerHost): Promise<Map<string, Presence>> {
  const args = ["image", "inspect", "--format", "{{json .RepoTags}}", ...refs];
  const { stdout, stderr } = await askDocker(args, host);
  return new Map(refs.map((ref) => [ref, presence(ref, stdout, stderr)]));
}

/** What docker's answer says of a ref: its names for each image that is there, an error for each that is not. */
export function presence(ref: string, stdout: string, stderr: string): Presence {
  if (stdout.includes(JSON.stringify(ref))) return "present";
  const denials = stderr.split("\n").filter((line) => /no such image/i.test(line));
  return denials.some((line) => line.trimEnd().endsWith(`: ${ref}`)) ? "absent" : "unknown";
}

/** @throws UserError where docker has not what is pinned. Where no daemon answers, the image's step finds out. */
export function refuseAbsentPins(images: ImagePlan[], known: Map<string, Presence>): void {
  const absent = images.filter(isPinned).filter((image) => known.get(imageRef(image)) === "absent");
  if (absent.length > 0) throw new UserError(absent.map(pinAbsent).join("\n"));
}
