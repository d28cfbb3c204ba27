/**
 * Tries a service's new container beside the one that runs, before that is taken away: same image, command, files,
 * secrets, user and limits; in the stack's network, but without ports and without the service's DNS name; its data on
 * new, empty volumes. It has to get healthy. Whatever happens, all of it is removed again.
 */

import { refuseMissing, refuseUnfitImage } from "../lib/database/image.ts";
import { docker, inspect } from "../lib/docker/client.ts";
import { Unhealthy, untilHealthy } from "../lib/docker/health.ts";
import { type Limits, limitArguments, type Trial, trialArguments } from "../lib/docker/trialArguments.ts";
import { type PlacedFile, placeFiles, readFiles } from "../lib/docker/volumeFiles.ts";
import { run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

interface Running {
  Config: { Image: string };
  State: { Status: string; Health?: { Status: string } };
  HostConfig: { Memory: number; CpuPeriod: number; CpuQuota: number; PidsLimit: number | null };
}

await step(async () => {
  const files = await readFiles();
  const [service, name] = [input("SERVICE"), input("CONTAINER")];
  const trial = JSON.parse(input("TRIAL")) as Trial;
  const { database } = trial;
  // Also where nothing runs yet: what is refused here ends and starts again for ever.
  if (database !== undefined) await refuseUnfitImage({ ...trial, ...database, owner: trial.user });
  const running = await inspect<Running>("container", name, ".");
  if (running === undefined || !(await serves(name, running, trial.probe))) {
    const is = running === undefined ? "does not run yet" : "does not serve";
    process.stdout.write(`${service} ${is}: there is nothing to protect by a trial\n`);
    return;
  }
  const start = performance.now();
  await clear(name);
  try {
    const volumes = files.length === 0 ? [] : await place(trial, files);
    const id = await create(trial, volumes, limitsFrom(running));
    await docker(["start", id]);
    await untilHealthy(id, trial.probe, trial.limitMs);
    if (database !== undefined)
      await refuseMissing({ ...database, container: name }, { ...database, container: id });
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new UserError(
      `${service}: on trial, ${trial.image} ${error.message}; ${running.Config.Image} keeps serving. Fix what its log tells, then run up again. Its last lines:\n${error.log}`,
    );
  } finally {
    await clear(name);
  }
  const took = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${service}: the trial of ${trial.image} got healthy, ${took} s in all\n`);
});

/** Whether it is healthy; one that has just started, or starts again and again, is probed. */
async function serves(name: string, { State: state }: Running, probe: string[]): Promise<boolean> {
  if (state.Status !== "running") return false;
  if (state.Health?.Status !== "starting") return state.Health?.Status !== "unhealthy";
  return (await run("docker", ["exec", name, ...probe])).code === 0;
}

function place(trial: Trial, files: PlacedFile[]): Promise<string[]> {
  return placeFiles({
    files,
    folders: trial.folders,
    owner: trial.user,
    image: trial.image,
    stack: input("STACK"),
    label: input("LABEL"),
    prefix: `${input("CONTAINER")}-trial`,
  });
}

function create(trial: Trial, volumes: string[], limits: Limits): Promise<string> {
  return docker([
    "create",
    ...["--name", `${input("CONTAINER")}-trial`, "--network", input("NETWORK"), "--pull", "never"],
    ...["--label", `agatha.stack=${input("STACK")}`, "--label", `agatha.service=${input("LABEL")}`],
    ...limitArguments(limits),
    ...trialArguments(trial, volumes),
  ]);
}

/** Those of the service as it will be, where they are known; else as it runs: a limit alone needs no trial. */
function limitsFrom({ HostConfig: host }: Running): Limits {
  const given = process.env["AGATHA_LIMITS"];
  if (given !== undefined) return JSON.parse(given) as Limits;
  return {
    memory: host.Memory / 1024 / 1024,
    cpus: host.CpuPeriod > 0 ? host.CpuQuota / host.CpuPeriod : 0,
    processes: host.PidsLimit ?? 0,
  };
}

/** Removes the trial, this one or one that was killed. */
async function clear(name: string): Promise<void> {
  await run("docker", ["rm", "--force", "--volumes", `${name}-trial`]);
  const filters = [`label=agatha.stack=${input("STACK")}`, `label=agatha.service=${input("LABEL")}`];
  const found = filters.flatMap((filter) => ["--filter", filter]);
  const { stdout: couriers } = await run("docker", ["container", "ls", "--all", "--quiet", ...found]);
  for (const id of couriers.split("\n").filter(Boolean))
    await run("docker", ["rm", "--force", "--volumes", id]);
  const { stdout: volumes } = await run("docker", ["volume", "ls", "--quiet", ...found]);
  for (const volume of volumes.split("\n").filter(Boolean))
    await run("docker", ["volume", "rm", "--force", volume]);
}
