/** Measures the parts that were asked for, one after the other. */
import { SAMPLE_BACK } from "../../lib/config/load.ts";
import { report } from "../../lib/progress.ts";
import type { Scratch } from "../support/scratch.ts";
import type { BenchArguments } from "./arguments.ts";
import { measureChange } from "./change.ts";
import { type Project, programOf } from "./project.ts";
import type { Results, Scaling } from "./results.ts";
import type { Stand } from "./stand.ts";
import { measurePairs, type Work } from "./stats.ts";
import { kinds, measureUpdates } from "./updates.ts";

/** Services of the stacks whose no-op updates are compared. */
const SERVICES = [3, 12, 48];

/** As empty as a program can be; what Pulumi loads by itself it loads for everybody. */
const EMPTY = "export {};\n";

/** What `pulumi new` writes, and what every program with a resource loads. */
const SDK = 'import * as pulumi from "@pulumi/pulumi";\nvoid pulumi;\n';

/** @param results Is filled in as parts are measured, so that what fails later takes nothing from them. */
export async function measure(stand: Stand, options: BenchArguments, results: Results): Promise<void> {
  const { pairs, parts } = options;
  const wanted = (part: string) => parts.includes(part);
  await report("the stack", async () => {
    await stand.up();
    return "up";
  });
  const empty = await stand.project("agatha-empty", "empty", EMPTY);
  await empty.up();

  type Part = "noop" | "sdk" | "plain" | "preview";
  const paired = (part: Part, name: string, theirs: Work, ours: Work = stand.up) =>
    report(name, async () => {
      results[part] = await measurePairs(pairs, ours, theirs);
      return `${pairs} pairs`;
    });
  if (wanted("noop")) await paired("noop", "no-op up", empty.up);
  if (wanted("sdk")) await paired("sdk", "no-op up, SDK", (await stand.project("agatha-sdk", "sdk", SDK)).up);
  if (wanted("plain")) {
    const plain = await stand.plain();
    await plain.up();
    await paired("plain", "no-op up, plain", plain.up);
  }
  if (wanted("preview"))
    await paired(
      "preview",
      "no-op preview",
      () => empty.pulumi(["preview"]),
      () => stand.pulumi("preview"),
    );
  if (wanted("jar") || wanted("dist") || wanted("updates")) await changes(stand, options, results);
  if (wanted("scaling")) {
    const many = await manyServices(stand, "many", stand.scratch);
    results.scaling = await scaling(many, empty, pairs);
  }
  // Last: docker commands of this process go to the swarm from then on.
  if (wanted("swarm")) await onSwarm(stand, empty, options, results);
}

async function onSwarm(
  stand: Stand,
  empty: Project,
  { pairs, updates }: BenchArguments,
  results: Results,
): Promise<void> {
  const own = await stand.swarm();
  await report("a swarm", async ({ note }) => {
    note("no-op up");
    const noop = await measurePairs(pairs, () => own.deploy("back"), empty.up);
    const ways = { ours: own, compose: stand.ours };
    note("updates of the back");
    const back = await measureUpdates("back", ways, updates);
    note("updates of the front");
    results.swarm = { noop, updates: { back, front: await measureUpdates("front", ways, updates) } };
    return `${pairs} pairs; ${updates} updates of each service`;
  });
  results.swarmScaling = await scaling(await manyServices(stand, "many-tasks", own.scratch), empty, pairs);
}

async function changes(stand: Stand, options: BenchArguments, results: Results): Promise<void> {
  const { parts, rounds, updates } = options;
  const ways = { ours: stand.ours, seed: stand.ours, dockerfile: stand.ours };
  await report("compose stacks", async () => {
    Object.assign(ways, await stand.rivals());
    return "up";
  });
  for (const kind of ["jar", "dist"] as const)
    if (parts.includes(kind))
      await report(`changed ${kind}`, async () => {
        results[kind] = await measureChange(kind, stand, ways, options);
        return `${rounds} rounds`;
      });
  if (!parts.includes("updates")) return;
  for (const service of ["back", "front"] as const)
    await report(`updates of the ${service}`, async () => {
      const measured = await measureUpdates(service, { ours: ways.ours, compose: ways.seed }, updates);
      results.updates = { ...results.updates, [service]: measured };
      return `${updates} each, under load; failed: ours ${kinds(measured.ours)}, compose ${kinds(measured.compose)}`;
    });
}

/** The project of manyServices.ts on the docker host and the target of a scratch stack. */
function manyServices(stand: Stand, part: string, scratch: Scratch): Promise<Project> {
  const { env, config, jar, migrations, dist, password } = scratch;
  const target = config["target"] ?? "docker";
  const settings = {
    "agatha:target": target,
    "agatha:databasePassword": password,
    "agatha:back": { ...SAMPLE_BACK, jar, migrations },
    // Probes of 48 services at the usual pace would take the machine from what is measured; a task waits for its first one.
    "agatha:front": { dist, publish: false, health: { interval: target === "swarm" ? "1m" : "1h" } },
  };
  return stand.project("agatha", part, programOf("manyServices.ts"), settings, env);
}

async function scaling(many: Project, empty: Project, pairs: number): Promise<Scaling> {
  const measured: Scaling = [];
  for (const services of SERVICES)
    await report(`${services} services`, async () => {
      many.configure({ "bench:services": services });
      await many.up();
      measured.push({ services, ...(await measurePairs(pairs, many.up, empty.up)) });
      return `up, ${pairs} pairs`;
    });
  return measured;
}
