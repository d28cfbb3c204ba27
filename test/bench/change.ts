/** Changes a jar or a dist and waits until the new version answers, by each way in turn. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";
import { UserError } from "../../lib/userError.ts";
import { until } from "../support/host.ts";
import { setVersion } from "../support/jar.ts";
import type { BenchArguments } from "./arguments.ts";
import { type Change, type Deployment, WAYS, type WayName } from "./results.ts";
import type { Stand } from "./stand.ts";

export async function measureChange(
  kind: "jar" | "dist",
  { counter, layers, image }: Stand,
  ways: Record<WayName, Deployment>,
  { rounds }: BenchArguments,
): Promise<Change> {
  const service = kind === "jar" ? "back" : "front";
  const way = () => ({ seconds: [] as number[], bytes: [] as number[] });
  const change: Change = { ours: way(), seed: way(), dockerfile: way(), changedLayers: [] };
  for (let round = 0; round < rounds; round++) {
    const before = await layers(service);
    for (const name of WAYS) {
      const arrived = await makeChange(kind, ways[name]);
      counter.take();
      change[name].seconds.push(await deployed(`${name}, ${kind}`, ways[name].deploy(service), arrived));
      change[name].bytes.push(counter.take());
    }
    change.changedLayers.push(changedBytes(before, await layersOf(image(service))));
  }
  return change;
}

type Check = () => Promise<boolean>;

/** Seconds until the changed version answers; waits for the command's end too, which may come later. */
export async function deployed(what: string, command: Promise<void>, arrived: Check): Promise<number> {
  let failed = false;
  command.catch(() => {
    failed = true;
  });
  const [seconds] = await Promise.all([secondsUntil(what, async () => failed || (await arrived())), command]);
  return seconds;
}

/** Changes the file; the check says whether the changed version answers. */
export async function makeChange(kind: "jar" | "dist", way: Deployment): Promise<Check> {
  const token = randomBytes(32).toString("hex");
  if (kind === "dist") {
    writeFileSync(join(way.dist, "release.txt"), token);
    return () => answers(`${way.frontUrl}/release.txt`, token);
  }
  await setVersion(way.jar, token);
  const version = JSON.stringify({ version: token });
  return async () => (await answers(`${way.backUrl}/version`, version)) && answers(`${way.backUrl}/health`);
}

/** Seconds until `check` is true, from now. @throws Error after two minutes. */
async function secondsUntil(what: string, check: Check): Promise<number> {
  const start = performance.now();
  await until(`bench: ${what} did not come. Look at its container's log.`, check, 120_000, 20);
  return (performance.now() - start) / 1000;
}

/** Whether a URL answers 200, and with that text if one is given. */
async function answers(url: string, text?: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000), headers: { connection: "close" } });
    const body = await answer.text();
    return answer.status === 200 && (text === undefined || body === text);
  } catch {
    return false;
  }
}

/** Sizes of an image's layers by digest (`sha256:…`), read from the archive that its program writes. */
async function layersOf(image: string): Promise<Map<string, number>> {
  const layers = new Map<string, number>();
  const extract = tar.extract();
  extract.on("entry", (header, content, next) => {
    const digest = /^([0-9a-f]{64})\/layer\.tar$/.exec(header.name)?.[1];
    if (digest !== undefined) layers.set(`sha256:${digest}`, header.size ?? 0);
    content.on("end", next);
    content.resume();
  });
  const child = spawn(image, [], { stdio: ["ignore", "pipe", "inherit"] });
  const absent = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new UserError(`bench: ${image} cannot be run: ${error.message}`)));
  });
  await Promise.race([absent, pipeline(child.stdout, extract)]);
  return layers;
}

/** Bytes of the layers that were not there before. */
export function changedBytes(before: string[], after: Map<string, number>): number {
  const added = [...after].filter(([digest]) => !before.includes(digest));
  return added.reduce((bytes, [, size]) => bytes + size, 0);
}
