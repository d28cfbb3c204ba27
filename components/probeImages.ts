/** Asks the docker daemon, once for all images, which of them it has; so that one that was pruned is brought back. */
import { execFile } from "node:child_process";
import { type DockerHost, isLocal } from "./dockerHost.ts";
import { type ImagePlan, imageRef, isPinned, pinAbsent } from "./imagePlan.ts";
import { UserError } from "./userError.ts";

/** What is known of an image: nothing, where no daemon answers in time. */
export type Presence = "present" | "absent" | "unknown";

/** Longest time for the answer, in milliseconds: from this machine, and from another, with ssh's greeting. */
const TIME_LIMIT = 2000;
const REMOTE_TIME_LIMIT = 10_000;

/** @param host Answers, or did just now: who does not is not asked. */
export function probeImages(refs: string[], host: DockerHost): Promise<Map<string, Presence>> {
  const args = ["image", "inspect", "--format", "{{json .RepoTags}}", ...refs];
  const env = { ...process.env, ...host.env };
  const timeout = isLocal(host) ? TIME_LIMIT : REMOTE_TIME_LIMIT;
  return new Promise((resolve) => {
    execFile("docker", args, { env, timeout }, (_error, stdout, stderr) => {
      resolve(new Map(refs.map((ref) => [ref, presence(ref, stdout, stderr)])));
    });
  });
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
