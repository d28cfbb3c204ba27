/** Asks the docker daemon, once for all images, which ones it has: a pruned one has to be loaded again. */
import { askDocker, isDenied } from "../docker/ask.ts";
import type { DockerHost } from "../docker/host.ts";
import { UserError } from "../userError.ts";
import { type ImagePlan, imageRef, isPinned, pinAbsent } from "./plan.ts";

/** What is known about an image; unknown if no daemon answers in time. */
export type Presence = "present" | "absent" | "unknown";

export async function probeImages(refs: string[], host: DockerHost): Promise<Map<string, Presence>> {
  const args = ["image", "inspect", "--format", "{{json .RepoTags}}", ...refs];
  const { stdout, stderr } = await askDocker(args, host);
  return new Map(refs.map((ref) => [ref, presence(ref, stdout, stderr)]));
}

/** Reads docker's answer for one ref: the names of each image that is there, an error for each that is not. */
export function presence(ref: string, stdout: string, stderr: string): Presence {
  if (stdout.includes(JSON.stringify(ref))) return "present";
  return isDenied(stderr, ref) ? "absent" : "unknown";
}

/** @throws UserError if docker does not have a pinned image. Without a daemon's answer, the image's step finds out. */
export function refuseAbsentPins(images: ImagePlan[], known: Map<string, Presence>): void {
  const absent = images.filter(isPinned).filter((image) => known.get(imageRef(image)) === "absent");
  if (absent.length > 0) throw new UserError(absent.map(pinAbsent).join("\n"));
}
