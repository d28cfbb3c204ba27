/** Measures the parts that were asked for, one after the other. */
import { join } from "node:path";
import { SAMPLE_BACK } from "../../lib/config/load.ts";
import { report } from "../../lib/progress.ts";
import type { Scratch } from "../support/scratch.ts";
import type { BenchArguments, Part } from "./arguments.ts";
import { measureChange } from "./change.ts";
import { measurePairs } from "./pairs.ts";
import type { Project } from "./project.ts";
import type { Results } from "./results.ts";
import type { Stand } from "./stand.ts";
import { kinds, measureUpdates } from "./updates.ts";

/** Services of the stacks whose no-op updates are compared. */
const SERVICES = [3, 12, 48];

/** As empty as a program can be; what Pulumi loads by itself it loads for everybody. */
const EMPTY = "export {};\n";

/** What `pulumi new` writes, and what every program with a resource loads. */
const SDK = 'import * as pulumi from "@pulumi/pulumi";\nvoid pulumi;\n';

const UP = ["up", "--yes", "--skip-preview"];

type Measured = Partial<Omit<Results, "date" | "machine">>;

/** @param results Is filled in as parts are measured, so that what fails later takes nothing from them. */
export async function measure(stand: Stand, options: BenchArguments, results: Measured): Promise<void> {
  const wanted = (part: Part) => options.parts.includes(part);
  await report("the stack", async () => {
    await stand.up();
    return "up";
  });
  const empty = await stand.project("agatha-empty", "empty", EMPTY);
  await empty.pulumi(UP);

  if (wanted("noop")) {
    await report("no-op up", async () => {
      results.noop = await measurePairs(options.pairs, stand.up.bind(stand), () => empty.pulumi(UP));
      return `${options.pairs} pairs`;
    });
  }
  if (wanted("sdk")) {
    const sdk = await stand.project("agatha-sdk", "sdk", SDK);
    await report("no-op up, SDK", async () => {
      results.sdk = await measurePairs(options.pairs, stand.up.bind(stand), () => sdk.pulumi(UP));
      return `${options.pairs} pairs`;
    });
  }
  if (wanted("plain")) {
    const plain = await stand.plain();
    await plain.pulumi(UP);
    await report("no-op up, plain", async () => {
      results.plain = await measurePairs(options.pairs, stand.up.bind(stand), () => plain.pulumi(UP));
      return `${options.pairs} pairs`;
    });
  }
  if (wanted("preview")) {
    await report("no-op preview", async () => {
      const [ours, theirs] = [() => stand.pulumi("preview"), () => empty.pulumi(["preview"])];
      results.preview = await measurePairs(options.pairs, ours, theirs);
      return `${options.pairs} pairs`;
    });
  }
  if (wanted("jar") || wanted("dist") || wanted("updates")) await changes(stand, options, results);
  if (wanted("scaling")) {
    const many = await manyServices(stand, "many", stand.scratch);
    results.scaling = await scaling(many, empty, options.pairs);
  }
  // Last: docker commands of this process go to the swarm from then on.
  if (wanted("swarm")) await onSwarm(stand, empty, options, results);
}

async function onSwarm(
  stand: Stand,
  empty: Project,
  { pairs, updates }: BenchArguments,
  results: Measured,
): Promise<void> {
  const { scratch, up } = await stand.swarm();
  await report("a swarm", async ({ note }) => {
    note("no-op up");
    const noop = await measurePairs(pairs, up, () => empty.pulumi(UP));
    const { jar, dist, backUrl, frontUrl } = scratch;
    const ways = { ours: { jar, dist, backUrl, frontUrl, deploy: up }, compose: stand.ours };
    note("updates of the back");
    const back = await measureUpdates("back", ways, updates);
    note("updates of the front");
    results.swarm = { noop, updates: { back, front: await measureUpdates("front", ways, updates) } };
    return `${pairs} pairs; ${updates} updates of each service`;
  });
  const many = await manyServices(stand, "many-tasks", scratch);
  results.swarmScaling = await scaling(many, empty, pairs);
}

async function changes(
  stand: Stand,
  { parts, rounds, updates }: BenchArguments,
  results: Measured,
): Promise<void> {
  const ways = { ours: stand.ours, seed: stand.ours, dockerfile: stand.ours };
  await report("compose stacks", async () => {
    Object.assign(ways, await stand.rivals());
    return "up";
  });
  const { counter, image, layers } = stand;
  for (const kind of ["jar", "dist"] as const) {
    if (!parts.includes(kind)) continue;
    await report(`changed ${kind}`, async () => {
      results[kind] = await measureChange(kind, { ways, rounds, counter, image, layers });
      return `${rounds} rounds`;
    });
  }
  if (!parts.includes("updates")) return;
  results.updates = {};
  for (const service of ["back", "front"] as const) {
    await report(`updates of the ${service}`, async () => {
      const measured = await measureUpdates(service, { ours: ways.ours, compose: ways.seed }, updates);
      results.updates = { ...results.updates, [service]: measured };
      return `${updates} each, under load; failed: ours ${kinds(measured.ours)}, compose ${kinds(measured.compose)}`;
    });
  }
}

/** The project of manyServices.ts on the docker host and the target of a scratch stack. */
function manyServices(stand: Stand, part: string, scratch: Scratch): Promise<Project> {
  const program = `export * from ${JSON.stringify(join(import.meta.dirname, "manyServices.ts"))};\n`;
  const { env, config, jar, migrations, dist, password } = scratch;
  const target = config["target"] ?? "docker";
  const settings = {
    "agatha:target": target,
    "agatha:databasePassword": password,
    "agatha:back": { ...SAMPLE_BACK, jar, migrations },
    // Probes of 48 services at the usual pace would take the machine from what is measured; a task waits for its first one.
    "agatha:front": { dist, publish: false, health: { interval: target === "swarm" ? "1m" : "1h" } },
  };
  return stand.project("agatha", part, program, settings, env);
}

async function scaling(
  many: Project,
  empty: Project,
  pairs: number,
): Promise<NonNullable<Results["scaling"]>> {
  const measured: NonNullable<Results["scaling"]> = [];
  for (const services of SERVICES) {
    await report(`${services} services`, async () => {
      many.configure({ "bench:services": services });
      await many.pulumi(UP);
      const pair = await measurePairs(
        pairs,
        () => many.pulumi(UP),
        () => empty.pulumi(UP),
      );
      measured.push({ services, ...pair });
      return `up, ${pairs} pairs`;
    });
  }
  return measured;
}
