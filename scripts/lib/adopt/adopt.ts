/** Takes over a data directory: see docs/moving-in.md. */
import { mkdirSync, rmSync } from "node:fs";
import { askEngine } from "../../../components/askEngine.ts";
import { majorOfVolume, volumeOf } from "../../../components/databaseVolumes.ts";
import { resolveDockerHost } from "../../../components/dockerHost.ts";
import {
  askedSystem,
  machineSystem,
  otherSystem,
  refuseForeignPackages,
  refuseOtherDatabase,
  runsHere,
  SYSTEMS,
} from "../../../components/dockerSystem.ts";
import { applicationOf, evaluateImages } from "../../../components/evaluate.ts";
import { imageRef } from "../../../components/imagePlan.ts";
import { nixArguments } from "../../../components/nixArguments.ts";
import type { Config } from "../../../config.ts";
import { megabytes } from "../../../steps/backup/target.ts";
import { docker, inspect } from "../../../steps/docker.ts";
import { freeIn } from "../../../steps/freeSpace.ts";
import { knownLayers, load } from "../../../steps/load.ts";
import { inNumbers, tableRows } from "../../../steps/postgres.ts";
import { run as runStep } from "../../../steps/process.ts";
import {
  DATA,
  inVolume,
  PUBLISH,
  removeContainer,
  startServer,
  stopServer,
  volumeHolds,
} from "../../../steps/temporaryServer.ts";
import { confirm } from "../confirm.ts";
import { lastLines, run, Stop } from "../exec.ts";
import { factsAgainst, namesAgainst, notEnded } from "./checks.ts";
import { namesIn } from "./names.ts";
import {
  copyInto,
  differingFiles,
  factsOf,
  findSource,
  parseSums,
  type Source,
  SUMS,
  sumsOf,
  usersOf,
} from "./source.ts";

/** Where the copy lies in its volume until it is proven. */
const STAGED = ".adopting";

/** What a server writes beside the copy, in bytes. */
const HEADROOM = 200e6;

/**
 * Copies the source into the stack's volume, compares the copy with it file by file and opens it, before it takes its
 * place. The source is read alone. What fails or is interrupted leaves the stack's data as it was.
 *
 * @throws Stop with the reason and the fix.
 */
export async function adopt(
  given: string,
  stack: string,
  config: Config,
  replace: boolean,
  yes: boolean,
): Promise<void> {
  await refuseRunningStack(stack);
  const source = await findSource(given);
  const image = await databaseImage(config);
  const { version } = config.database;
  const facts = await factsOf(source, image);
  const against = factsAgainst(given, facts, await usersOf(source), version);
  if (against !== undefined) throw new Stop(against);
  if (facts.running) process.stdout.write(`${notEnded(given)}\n`);
  const base = `agatha-${stack}-db-data`;
  await refuseNewerData(stack, base, version);
  const volume = volumeOf(base, version);
  const made = await makeVolume(stack, volume);
  const where = { stack, image, volume };
  try {
    const holds = made ? undefined : await volumeHolds(where);
    if (holds !== undefined && !replace)
      throw new Stop(
        `adopt: stack ${stack} has data already, in volume ${volume}. Keep it, or drop it for what comes: \`npm run adopt -- ${given} --replace\`.`,
      );
    if (holds !== undefined) {
      process.stdout.write(`The data in volume ${volume} goes.\n`);
      await confirm("adopt", "the data would go", stack, yes);
    }
    await copy(source, where);
    const told = await open(given, config, where);
    await refuseUsers(volume);
    await inVolume(where, PUBLISH, STAGED);
    process.stdout.write(
      `${told}\nThe source is as it was. \`npm run up\` goes on with the copy, in volume ${volume}.\n`,
    );
  } catch (error) {
    await undo(where, made);
    throw error;
  }
}

/** Best effort: the reason why it was begun is told, whatever happens here. */
async function undo({ stack, image, volume }: Where, made: boolean): Promise<void> {
  for (const name of [serverName(stack), copierName(stack)]) await removeContainer(name);
  if (made) return void (await runStep("docker", ["volume", "rm", volume]));
  const root = ["run", "--rm", "--user", "0:0", "--network", "none", "--volume", `${volume}:${DATA}`];
  await runStep("docker", [...root, "--entrypoint", "rm", image, "-rf", `${DATA}/${STAGED}`]);
}

const serverName = (stack: string): string => `agatha-${stack}-db-adopt`;
const copierName = (stack: string): string => `agatha-${stack}-db-adopt-copy`;

async function refuseRunningStack(stack: string): Promise<void> {
  const filters = ["--filter", `label=agatha.stack=${stack}`, "--filter", "label=agatha.service=db"];
  const containers = await docker(["ps", "--all", "--format", "{{.Names}}", ...filters]);
  if (containers !== "")
    throw new Stop(
      `adopt: stack ${stack} has a database, ${containers.replaceAll("\n", ", ")}. Take it down first: \`npm run down -- --stack ${stack}\` keeps its data.`,
    );
}

/** The copy took its time, in which the stack may have been brought up: nobody's data is changed under him. */
async function refuseUsers(volume: string): Promise<void> {
  const users = await docker(["ps", "--all", "--filter", `volume=${volume}`, "--format", "{{.Names}}"]);
  if (users !== "")
    throw new Stop(
      `adopt: ${users.replaceAll("\n", ", ")} has volume ${volume} by now. Take the stack down (npm run down), then run this again.`,
    );
}

/** The next `up` would refuse to go back to older data. */
async function refuseNewerData(stack: string, base: string, version: number): Promise<void> {
  const format = ["--filter", `label=agatha.stack=${stack}`, "--format", "{{.Name}}"];
  const volumes = (await docker(["volume", "ls", ...format])).split("\n");
  const newer = volumes.filter((name) => (majorOfVolume(base, name) ?? 0) > version);
  if (newer.length > 0)
    throw new Stop(
      `adopt: stack ${stack} has data of a newer PostgreSQL, in volume ${newer.join(", ")}. Drop it first, if it is not needed: \`docker volume rm ${newer.join(" ")}\`.`,
    );
}

/** @returns Whether it was not there before. */
async function makeVolume(stack: string, volume: string): Promise<boolean> {
  if ((await runStep("docker", ["volume", "inspect", volume])).code === 0) return false;
  const labels = ["--label", `agatha.stack=${stack}`, "--label", "agatha.service=db"];
  await docker(["volume", "create", ...labels, volume]);
  return true;
}

/** The stack's own image of the database, built and loaded where docker has it not. */
async function databaseImage(config: Config): Promise<string> {
  const dockerHost = await resolveDockerHost(undefined);
  const answer = await askEngine(dockerHost, false);
  const said = "words" in answer ? undefined : answer.system;
  if (said !== undefined && !SYSTEMS.includes(said)) throw new Stop(otherSystem(dockerHost.address, said));
  const system = askedSystem() ?? said ?? machineSystem();
  refuseForeignPackages(config, system);
  refuseOtherDatabase(config, system);
  const { db } = await evaluateImages(config, system);
  const ref = imageRef(db);
  if ((await inspect<string>("image", ref, ".Id")) !== undefined) return ref;
  const link = ".state/adopt-image";
  mkdirSync(".state", { recursive: true });
  const args = nixArguments(config.packages, JSON.stringify(applicationOf(config).db), system);
  const here = runsHere(system);
  const attribute = here ? db.attribute : `archives.${db.attribute}`;
  const { code, output } = await run("nix-build", [...args, "-A", attribute, "--out-link", link]);
  if (code !== 0) throw new Stop(`nix-build of ${attribute} failed with ${code}:\n${lastLines(output, 30)}`);
  const writer = here ? { program: link, args: [] } : { program: "cat", args: [link] };
  try {
    await load(writer, knownLayers(), here && config.packages === "host");
  } finally {
    rmSync(link);
  }
  return ref;
}

interface Where {
  stack: string;
  image: string;
  volume: string;
}

/** Copies, and compares each file with the source as it is after that. */
async function copy(source: Source, where: Where): Promise<void> {
  const { bytes } = await factsOf(source, where.image);
  const free = freeIn(await inVolume(where, "df -Pk ."));
  if (!(free >= bytes + HEADROOM))
    throw new Stop(
      `adopt: docker's volumes have ${megabytes(free)} free, and ${megabytes(bytes + HEADROOM)} are needed. Make room, then run this again.`,
    );
  await removeContainer(copierName(where.stack));
  await copyInto(source, where.volume, where.image, STAGED, copierName(where.stack));
  const copied = parseSums(await inVolume(where, `cd "$1"; ${SUMS}`, STAGED));
  const differing = differingFiles(await sumsOf(source, where.image), copied);
  if (differing.length > 0)
    throw new Stop(
      `adopt: ${differing.length} files changed while they were copied, ${differing[0]} first. Stop what writes to them, then run this again.`,
    );
  process.stdout.write(`${copied.size} files, ${megabytes(bytes)}: the copy is the same, byte for byte.\n`);
}

/** Opens the copy with the stack's own image: names, and rows of each table. */
async function open(given: string, config: Config, where: Where): Promise<string> {
  await inVolume(where, `rm -f "$1/postmaster.pid"`, STAGED);
  const names = await namesIn(where.volume, where.image, STAGED);
  const against = namesAgainst(given, names, config);
  if (against !== undefined) throw new Stop(against);
  const user = names.superusers[0] as string;
  await removeContainer(serverName(where.stack));
  const server = await startServer({
    ...{ ...where, user, name: serverName(where.stack), port: 5432, dataFolder: `${DATA}/${STAGED}` },
    settings: [],
  });
  const rows = await tableRows({ container: server, user, name: config.database.name });
  for (const [table, count] of rows) process.stdout.write(`  ${table}  ${count}\n`);
  await stopServer(server);
  await removeContainer(server);
  return `Database "${config.database.name}": ${inNumbers(rows)}.`;
}
