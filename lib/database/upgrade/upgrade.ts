/**
 * Brings the data of an older major version of PostgreSQL into the volume of the configured one, by dump and restore
 * between two servers that nothing else reaches. The stack's database and back end are stopped before, so that no write
 * is lost. If it fails, they start again, the new volume is removed, and nothing has changed. The old volume is kept.
 */
import { settingsOf } from "../../config/databaseSettings.ts";
import { labelled, ofStack } from "../../docker/arguments.ts";
import { docker, dockerLines, inspect, remove } from "../../docker/client.ts";
import { megabytes, secondsSince } from "../../units.ts";
import { messageOf, UserError } from "../../userError.ts";
import { freeIn } from "../freeSpace.ts";
import { imageOf, refuseUnfitImage } from "../image.ts";
import { DATA, POSTGRES_USER } from "../officialImage.ts";
import { type Database, inNumbers, type Rows } from "../postgres.ts";
import {
  contentOf,
  inVolume,
  publish,
  removeContainer,
  startServer,
  stopServer,
} from "../temporaryServer.ts";
import { keptBeside, planInto, volumeOf } from "../volumes.ts";
import { clusterBytes, copyCluster, md5Note, md5Roles } from "./cluster.ts";
import { answersAgain, ownServices, type Services, serveAgain, stopRunning } from "./ownServices.ts";

/** Port of the old server, beside the new one's. */
const OLD_PORT = 5433;

/** Where the new data directory grows in its volume, until it is whole. */
const STAGED = ".upgrade";

/** The new database is about as large as the old one; its log and what sorting takes come on top, in bytes. */
const HEADROOM = 200e6;

interface Wanted {
  stack: string;
  /** Name of the database's container. */
  container: string;
  user: string;
  /** Name of the first version's volume. */
  base: string;
  /** The version that is wanted, and an image of it. */
  version: number;
  image: string;
  /** Program and arguments of the new server; empty for the image's own. */
  command: string[];
}

/** The volume of the wanted version, and what works on it. */
const newVolume = ({ stack, image, base, version }: Wanted) => ({
  ...{ stack, image, volume: volumeOf(base, version) },
});

const volumesOf = ({ stack }: Wanted): Promise<string[]> =>
  dockerLines(["volume", "ls", ...ofStack(stack), "--format", "{{.Name}}"]);

/**
 * Upgrades if the data is of an older version. @returns What was done, for people.
 *
 * @throws UserError if the data is of a newer version, the image does not fit, or the upgrade failed.
 */
export async function upgradeDatabase(wanted: Wanted): Promise<string> {
  const { base, version, image, command, container } = wanted;
  const target = newVolume(wanted);
  const volumes = await volumesOf(wanted);
  const mounts = (await inspect<{ Name?: string }[]>("container", container, ".Mounts")) ?? [];
  const mounted = mounts.map(({ Name = "" }) => Name);
  // A volume that the database's container uses is the data.
  const used = mounted.includes(target.volume) ? "data" : undefined;
  const content = used ?? (volumes.includes(target.volume) ? await contentOf(target) : "nothing");
  const plan = planInto(base, version, volumes, mounted, content);
  if (plan.kind === "refuse")
    throw new UserError(
      `agatha:database.version: ${version} is older than the data, which is PostgreSQL ${plan.newer}'s (volume ${plan.volume}). Set it to ${plan.newer}.${keptBeside(base, plan.newer, volumes)}`,
    );
  // The new container's canary asks too, but only once the data has been copied and the services are stopped.
  await refuseUnfitImage({ image, major: version, owner: POSTGRES_USER, command });
  if (plan.kind === "both")
    throw new UserError(
      `agatha-db: volume ${plan.volume}, which the database's container uses, holds data of PostgreSQL ${plan.from}, and volume ${target.volume} has been in use with PostgreSQL ${version}: an upgrade would drop that. To go on with ${target.volume}, take the stack down (\`npm run down\` keeps both) and run up again. To upgrade ${plan.volume} instead, look at what is in ${target.volume} first, then drop it (\`docker volume rm ${target.volume}\`) and run up again.`,
    );
  if (plan.kind === "nothing") return `PostgreSQL ${version} has its data already, or begins with none`;
  return upgrade(wanted, plan.from, plan.volume);
}

const serverName = ({ container }: Wanted, which: "old" | "new") => `${container}-upgrade-${which}`;

interface Attempt {
  from: number;
  oldImage: string;
  /** The old one. */
  volume: string;
  services: Services;
  /** Id of the old server, once it runs. */
  oldServer?: string;
  /** Whether the new volume is this attempt's, which removes no other. */
  made: boolean;
}

async function upgrade(wanted: Wanted, from: number, volume: string): Promise<string> {
  const { stack, container, version } = wanted;
  // Left behind by an upgrade that was killed.
  await removeServers(wanted);
  const oldImage = await imageOf(container, from);
  if (oldImage === undefined)
    throw new UserError(
      `agatha-db: ${volume} holds the data of PostgreSQL ${from}, whose image is not in docker any more. Set agatha:database.version to ${from} and run up, then set it to ${version} and run up again.`,
    );
  if ((await contentOf({ stack, image: oldImage, volume })) === "nothing")
    return `PostgreSQL ${version} begins with no data: ${volume} holds none`;
  const services = await ownServices(stack, container);
  const attempt: Attempt = { from, oldImage, volume, services, made: false };
  try {
    return await move(wanted, attempt);
  } catch (error) {
    const now = await undo(wanted, attempt).catch(words);
    throw new UserError(
      `agatha-db: the upgrade from PostgreSQL ${from} to ${version} failed: ${words(error)}. ${now}. Fix what it names and run up again, or set agatha:database.version back to ${from}.`,
    );
  }
}

const words = (error: unknown): string => messageOf(error).replace(/\.$/, "");

async function removeServers(wanted: Wanted): Promise<void> {
  for (const which of ["old", "new"] as const) await removeContainer(serverName(wanted, which));
}

async function move(wanted: Wanted, attempt: Attempt): Promise<string> {
  const start = performance.now();
  const { stack, container, user, version } = wanted;
  const { from, oldImage, volume } = attempt;
  const oldCommand = (await inspect<string[]>("container", container, ".Config.Cmd")) ?? [];
  await stopRunning(attempt.services);
  await dropUnused(wanted);
  attempt.made = true;
  // The labels are those of the stack's Volume, which finds it there.
  await docker(["volume", "create", ...labelled(stack, "db"), newVolume(wanted).volume]);
  await refuseOtherUsers(volume);
  attempt.oldServer = await startServer({
    ...{ stack, image: oldImage, volume, user, name: serverName(wanted, "old"), port: OLD_PORT },
    // Those of its own container: what it took to hold the data may take to dump it (max_locks_per_transaction).
    settings: settingsOf(oldCommand),
  });
  const old = { container: attempt.oldServer, user, name: "postgres" };
  const md5 = await md5Roles(old);
  const rows = await fill(wanted, old, from, md5.length > 0);
  await stopServer(attempt.oldServer);
  return `PostgreSQL ${from} => ${version} in ${secondsSince(start)}: ${inNumbers(rows)}, the same as before. Volume ${volume} is kept as it was; \`docker volume rm ${volume}\` drops it${md5Note(md5)}`;
}

/**
 * Serves again first, and tidies up after: what interrupts a step may end it some seconds later, and the next attempt
 * removes what this one left. @returns What is true then, for people.
 */
async function undo(wanted: Wanted, { oldServer, volume, services, made }: Attempt): Promise<string> {
  // What another run does that took over is not undone.
  if (oldServer !== undefined && !(await removeContainer(oldServer))) return "Another update took over";
  await removeServers(wanted);
  try {
    await refuseOtherUsers(volume, services.database);
    await serveAgain(services, wanted.user);
  } finally {
    if (made) await remove("volume", newVolume(wanted).volume);
  }
  return answersAgain(services);
}

/** Removes what an earlier attempt left in the version's volume. Data that was in use is never removed. */
async function dropUnused(wanted: Wanted): Promise<void> {
  const target = newVolume(wanted);
  if (!(await volumesOf(wanted)).includes(target.volume)) return;
  if ((await contentOf(target)) === "data")
    throw new UserError(
      `volume ${target.volume} holds data. Drop it, if it is not needed: \`docker volume rm ${target.volume}\``,
    );
  await docker(["volume", "rm", target.volume]);
}

/** Two servers on one data directory destroy it. @param own Id of a container that may use it. */
async function refuseOtherUsers(volume: string, own?: string): Promise<void> {
  const format = ["--no-trunc", "--format", "{{.ID}} {{.Names}}"];
  const lines = await dockerLines(["ps", "--filter", `volume=${volume}`, ...format]);
  const users = lines.map((line) => line.split(" ")).filter(([id]) => id !== own);
  if (users.length > 0)
    throw new UserError(`${users.map(([, name]) => name).join(", ")} uses volume ${volume}. Stop it`);
}

/** Fills the new volume from the old server. @param md5 Whether roles log in by md5, which new data asks nobody for. */
async function fill(wanted: Wanted, old: Database, from: number, md5: boolean): Promise<Rows> {
  const target = newVolume(wanted);
  const [needed, free] = [(await clusterBytes(old)) + HEADROOM, freeIn(await inVolume(target, "df -Pk ."))];
  if (!(free >= needed))
    throw new UserError(
      `the volume has ${megabytes(free)} free, and ${megabytes(needed)} are needed. Make room`,
    );
  const newServer = await startServer({
    ...{ ...target, user: wanted.user, name: serverName(wanted, "new"), port: 5432 },
    ...{ beside: old.container, dataFolder: `${DATA}/${STAGED}` },
    // Written to the disk once, at the end.
    settings: [...settingsOf(wanted.command), "fsync=off", "full_page_writes=off", "max_wal_size=4GB"],
    ...(md5 ? { hostAuthMethod: "md5" } : {}),
  });
  const rows = await copyCluster({ old, new: { ...old, container: newServer }, port: OLD_PORT });
  await stopServer(newServer);
  await publish(target, STAGED, from);
  return rows;
}
