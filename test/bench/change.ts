/** Changes a jar or a dist and waits until the new version answers, by each way in turn. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setVersion } from "../support/jar.ts";
import { answers, secondsUntil } from "./answer.ts";
import type { DockerCounter } from "./counter.ts";
import { changedBytes, layersOf } from "./layers.ts";
import { type Change, WAYS, type WayName } from "./results.ts";

/** What each way deploys, and how. */
export interface Deployment {
  readonly jar: string;
  readonly dist: string;
  readonly backUrl: string;
  readonly frontUrl: string;
  deploy: (service: "back" | "front") => Promise<void>;
}

export interface ChangeArgs {
  ways: Record<WayName, Deployment>;
  rounds: number;
  counter: DockerCounter;
  /** Digests of the layers of our image that a service runs. */
  layers: (service: "back" | "front") => Promise<string[]>;
  /** Path of the program that writes our image of a service, once an update has built it. */
  image: (service: "back" | "front") => string;
}

export async function measureChange(kind: "jar" | "dist", args: ChangeArgs): Promise<Change> {
  const service = kind === "jar" ? "back" : "front";
  const way = () => ({ seconds: [] as number[], bytes: [] as number[] });
  const change: Change = { ours: way(), seed: way(), dockerfile: way(), changedLayers: [] };
  for (let round = 0; round < args.rounds; round++) {
    const before = await args.layers(service);
    for (const name of WAYS) {
      const arrived = await makeChange(kind, args.ways[name]);
      args.counter.take();
      change[name].seconds.push(await deployed(`${name}, ${kind}`, args.ways[name].deploy(service), arrived));
      change[name].bytes.push(args.counter.take());
    }
    change.changedLayers.push(changedBytes(before, await layersOf(args.image(service))));
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
