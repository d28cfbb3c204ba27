/** The faults, each with the fix that the documentation names. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { SERVICES } from "../../lib/serviceNames.ts";
import { changeDatabase } from "../support/database.ts";
import type { Engine } from "../support/engine.ts";
import { putEntry } from "../support/jar.ts";
import { killedUp, recovered, startUp } from "../support/killedUp.ts";
import type { Scratch } from "../support/scratch.ts";

/** The stack under test, the host it runs on, and a number drawn for this round. */
interface Round {
  scratch: Scratch;
  engine: Engine;
  /** Below 2^31. */
  drawn: number;
}

interface Fault {
  name: string;
  happen: (round: Round) => Promise<void>;
  /** `up`, `up --refresh`, or what `npm run up` does after a killed update. */
  fix: "up" | "refresh" | "recover";
}

const container = ({ scratch, drawn }: Round) =>
  scratch.container(SERVICES[drawn % SERVICES.length] as (typeof SERVICES)[number]);

/** What docker's client does to one service's container. */
const toContainer = (name: string, fix: Fault["fix"], ...command: string[]): Fault => ({
  ...{ name, fix },
  happen: async (round) => void (await round.scratch.docker(...command, await container(round))),
});

const disconnect = ({ docker, named }: Scratch, name: string, ...force: string[]) =>
  docker("network", "disconnect", ...force, named("network"), name);

/** A change that replaces one service's container. */
async function change({ scratch, drawn }: Round): Promise<void> {
  if (drawn % 2 === 0) scratch.back({ env: { ROUND: String(drawn) } });
  else await changeDatabase(scratch);
}

/** An `up` that has to fail and say why. */
async function failing({ scratch }: Round, sentence: RegExp): Promise<void> {
  const { code, output } = await scratch.up();
  expect(code, output).not.toBe(0);
  expect(output).toMatch(sentence);
}

export const FAULTS: Fault[] = [
  {
    name: "a service's process is killed",
    fix: "up",
    happen: async (round) => {
      const format = ["inspect", "--format", "{{.State.Pid}}"];
      const [pid] = await round.scratch.docker(...format, await container(round));
      if (Number(pid) > 0) process.kill(Number(pid), "SIGKILL");
    },
  },
  toContainer("a container is killed and stays down", "refresh", "kill"),
  toContainer("a container is stopped", "refresh", "stop"),
  toContainer("a container is removed", "refresh", "rm", "--force"),
  toContainer("a container is restarted", "up", "restart"),
  {
    name: "an image is pruned",
    fix: "up",
    happen: async (round) => {
      const { docker } = round.scratch;
      const [ref = ""] = await docker("inspect", "--format", "{{.Config.Image}}", await container(round));
      const [names = "[]"] = await docker("image", "inspect", "--format", "{{json .RepoTags}}", ref);
      await docker("image", "rm", "--force", ...(JSON.parse(names) as string[]));
    },
  },
  {
    name: "a container is disconnected",
    fix: "refresh",
    happen: async (round) => void (await disconnect(round.scratch, await container(round))),
  },
  {
    name: "the database is disconnected",
    fix: "up",
    happen: async ({ scratch }) => void (await disconnect(scratch, await scratch.container("db"))),
  },
  {
    name: "the network is removed",
    fix: "refresh",
    happen: async ({ scratch }) => {
      for (const name of SERVICES) await disconnect(scratch, await scratch.container(name), "--force");
      await scratch.docker("network", "rm", scratch.named("network"));
    },
  },
  {
    name: "the docker daemon is killed",
    fix: "up",
    happen: async ({ engine }) => {
      await engine.end("SIGKILL");
      await engine.start();
    },
  },
  {
    name: "the docker daemon is restarted",
    fix: "up",
    happen: async ({ engine }) => {
      await engine.end("SIGTERM");
      await engine.start();
    },
  },
  { name: "the config changes", fix: "up", happen: change },
  {
    name: "a new jar is deployed",
    fix: "up",
    happen: ({ scratch, drawn }) => putEntry(scratch.jar, "release.txt", `${drawn}\n`),
  },
  {
    name: "the config is wrong temporarily",
    fix: "up",
    happen: async (round) => {
      round.scratch.back({ memory: 1 });
      await failing(round, /agatha:back\.memory: 1 is too small/);
      round.scratch.back({ memory: 512 });
    },
  },
  {
    name: "a migration is wrong temporarily",
    fix: "up",
    happen: async (round) => {
      const file = join(round.scratch.migrations, "V999999__broken.sql");
      writeFileSync(file, "SELECT * FROM nowhere;\n");
      await failing(round, /relation "nowhere" does not exist/);
      rmSync(file);
    },
  },
  {
    name: "an update is interrupted",
    fix: "up",
    happen: async (round) => {
      await change(round);
      const up = startUp(round.scratch);
      await sleep(round.drawn % 8000);
      up.child.kill("SIGINT");
      await up.ended;
    },
  },
  {
    name: "an update is killed",
    fix: "recover",
    happen: async (round) => {
      await change(round);
      await killedUp(round.scratch, { after: 500 + (round.drawn % 8000) });
    },
  },
];

/** Applies a fault's fix; a failure fails the round. */
export async function heal({ scratch }: Round, fix: Fault["fix"]): Promise<void> {
  if (fix === "recover") await recovered(scratch);
  const args = ["up", "--yes", "--skip-preview", ...(fix === "refresh" ? ["--refresh"] : [])];
  const { code, output } = await scratch.operate(args);
  expect(code, output).toBe(0);
}
