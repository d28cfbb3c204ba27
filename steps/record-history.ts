/**
 * Lists what is deployed now, lets go of images that no stack on the host keeps, and of the links that kept them in the
 * store. Prints the list. Everything it does can be done again: an interrupted update does it the next time.
 */

import { readdirSync, rmSync } from "node:fs";
import { text } from "node:stream/consumers";
import { docker, inspectAll } from "../lib/docker/client.ts";
import { decode, encode, type Generation, keptRefs, record } from "../lib/images/generations.ts";
import { type HostImage, pruning } from "../lib/images/pruning.ts";
import { run } from "../lib/process.ts";
import { input, step } from "./step.ts";

/** An image's own name, by its store hash, as opposed to its aliases. */
const REF = /:[0-9a-z]{32}$/;

await step(async () => {
  const stack = input("STACK");
  const images = JSON.parse(await text(process.stdin)) as Generation["images"];
  // What an update is handed of the run before it; a first run has nothing before it.
  const former = process.env["PULUMI_COMMAND_STDOUT"] ?? "";
  const before = decode(former);
  if (former !== "" && before === undefined)
    process.stderr.write("history: the former list cannot be read, so a new one begins\n");
  const list = record(before ?? [], images, new Date().toISOString());
  const kept = keptRefs(list, Number(input("KEEP")));
  await prune(stack, kept);
  dropRoots(stack, kept);
  process.stdout.write(`${encode(list)}\n`);
});

async function prune(stack: string, kept: Set<string>): Promise<void> {
  const { hold, drop, remove } = pruning(await hostImages(), stack, kept, Date.now());
  for (const [ref, name] of hold) await docker(["tag", ref, name]);
  if (drop.length > 0) await docker(["image", "rm", ...drop]);
  if (remove.length === 0) return;
  const used = await usedImages();
  for (const { id, names } of remove) {
    if (used.has(id)) continue;
    const { code, stderr } = await run("docker", ["image", "rm", ...names]);
    // The services are healthy and the images are only superfluous: no reason to fail an update.
    const what = code === 0 ? "is removed: no stack keeps it" : `stays: ${stderr.trim()}`;
    process.stderr.write(`${names.find((name) => REF.test(name)) ?? id} ${what}\n`);
  }
}

/** Our images on the host. */
async function hostImages(): Promise<HostImage[]> {
  const listing = ["image", "ls", "--quiet", "--no-trunc", "--filter", "reference=agatha-*-image"];
  const ids = (await docker(listing)).split("\n").filter(Boolean);
  const format = '{"id":{{json .Id}},"names":{{json .RepoTags}},"tagged":{{json .Metadata.LastTagTime}}}';
  const all = await inspectAll<{ id: string; names: string[]; tagged: string }>("image", ids, format);
  return all.map(({ id, names, tagged }) => {
    const taggedAt = Date.parse(tagged);
    // Docker writes the year 1 where it does not know.
    return { id, names, taggedAt: taggedAt > 0 ? taggedAt : undefined };
  });
}

/** Ids of the images of all containers on the host, running or not. */
async function usedImages(): Promise<Set<string>> {
  const ids = (await docker(["container", "ls", "--all", "--quiet", "--no-trunc"]))
    .split("\n")
    .filter(Boolean);
  return new Set(await inspectAll<string>("container", ids, "{{json .Image}}"));
}

/** Links are named `back-image-<tag>`; without its link, what nothing else needs is the garbage collector's. */
function dropRoots(stack: string, kept: Set<string>): void {
  const folder = `.state/gcroots/${stack}`;
  for (const link of readdir(folder)) {
    const match = /^(?<attribute>[\w-]+)-(?<tag>[0-9a-z]{32})(?<archive>\.tar)?$/.exec(link)?.groups;
    if (match === undefined) continue;
    // An archive is needed while it is loaded: what is left was left by a step that was killed.
    if (match["archive"] !== undefined || !kept.has(`agatha-${match["attribute"]}:${match["tag"]}`))
      rmSync(`${folder}/${link}`, { force: true });
  }
}

/** Empty where nothing was built on this machine. */
function readdir(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
