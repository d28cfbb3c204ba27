/**
 * Brings the data of an older major version of PostgreSQL into the volume of the configured one, by dump and restore
 * between two servers that nothing else reaches. The stack's database and back end are stopped before, so that no write
 * is lost, and started again if it fails: then the new volume is removed, and nothing has changed. The old volume is
 * read, and kept.
 */
import { settingsOf } from "../../config/databaseSettings.ts";
import { labelled, ofStack } from "../../docker/arguments.ts";
import { docker, dockerLines, inspect, remove } from "../../docker/client.ts";
import { megabytes, secondsSince } from "../../units.ts";
import { UserError } from "../../userError.ts";
import { freeIn } from "../freeSpace.ts";
import { refuseUnfitImage } from "../image.ts";
import { DATA, POSTGRES_USER } from "../officialImage.ts";
import { type Database, inNumbers, type Rows } from "../postgres.ts";
import {
  contentOf,
  inVolume,
  MARK_UNUSED,
  PUBLISH,
  removeContainer,
  startServer,
  stopServer,
  volumeHolds,
} from "../temporaryServer.ts";
import { keptBeside, planInto, volumeOf } from "../volumes.ts";
import {
  clusterBytes,
  compareClusters,
  copyCluster,
  md5Note,
  md5Roles,
  refuseTablespaces,
} from "./cluster.ts";
import { imageOf } from "./oldImage.ts";
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

/** Names of the two servers. */
const serversOf = ({ container }: Wanted) => ({
  ...{ old: `${container}-upgrade-old`, new: `${container}-upgrade-new` },
});

/**
 * Upgrades if the data is of an older version; does nothing if the volume holds it already, or if there is none.
 *
 * @returns What was done, for people.
 * @throws UserError if the data is of a newer version, the image does not fit, or the upgrade failed.
 */
export async function upgradeDatabase(wanted: Wanted): Promise<string> {
  const { base, version, image, command } = wanted;
  const target = newVolume(wanted);
  const [volumes, mounted] = [await volumesOf(wanted), await mountedBy(wanted)];
  // A volume that the database's container uses is the data.
  const content = mounted.includes(target.volume)
    ? "data"
    : volumes.includes(target.volume)
      ? await contentOf(target)
      : "nothing";
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

const volumesOf = ({ stack }: Wanted): Promise<string[]> =>
  dockerLines(["volume", "ls", ...ofStack(stack), "--format", "{{.Name}}"]);

async function mountedBy({ container }: Wanted): Promise<string[]> {
  const mounts = await inspect<{ Name?: string }[]>("container", container, ".Mounts");
  return (mounts ?? []).map(({ Name = "" }) => Name);
}

async function upgrade(wanted: Wanted, from: number, volume: string): Promise<string> {
  const start = performance.now();
  const { stack, container, user, version } = wanted;
  const names = serversOf(wanted);
  // Left behind by an upgrade that was killed.
  for (const name of Object.values(names)) await removeContainer(name);
  const oldImage = await imageOf(container, from);
  if (oldImage === undefined)
    throw new UserError(
      `agatha-db: ${volume} holds the data of PostgreSQL ${from}, whose image is not in docker any more. Set agatha:database.version to ${from} and run up, then set it to ${version} and run up again.`,
    );
  if ((await volumeHolds({ stack, image: oldImage, volume })) === undefined)
    return `PostgreSQL ${version} begins with no data: ${volume} holds none`;
  const services = await ownServices(stack, container);
  const oldCommand = (await inspect<string[]>("container", container, ".Config.Cmd")) ?? [];
  let oldServer: string | undefined;
  let made = false;
  try {
    await stopRunning(services);
    await dropUnused(wanted);
    made = true;
    await makeVolume(wanted);
    await refuseOtherUsers(volume);
    oldServer = await startServer({
      ...{ stack, image: oldImage, volume, user, name: names.old, port: OLD_PORT },
      // Those of its own container: what it took to hold the data may take to dump it (max_locks_per_transaction).
      settings: settingsOf(oldCommand),
    });
    const old = { container: oldServer, user, name: "postgres" };
    const md5 = await md5Roles(old);
    const rows = await fill(wanted, old, from, md5.length > 0);
    await stopServer(oldServer);
    await removeContainer(oldServer);
    return `PostgreSQL ${from} => ${version} in ${secondsSince(start)}: ${inNumbers(rows)}, the same as before. Volume ${volume} is kept as it was; \`docker volume rm ${volume}\` drops it${md5Note(md5)}`;
  } catch (error) {
    const reason = words(error);
    // If another run took over, what it does is not undone.
    const mine = oldServer === undefined || (await removeContainer(oldServer));
    const back = mine
      ? await undo(wanted, services, volume, made)
          .then(() => answersAgain(services))
          .catch(words)
      : "Another update took over";
    throw new UserError(
      `agatha-db: the upgrade from PostgreSQL ${from} to ${version} failed: ${reason}. ${back}. Fix what it names and run up again, or set agatha:database.version back to ${from}.`,
    );
  }
}

const words = (error: unknown): string =>
  (error instanceof UserError ? error.message : String(error)).replace(/\.$/, "");

/**
 * Serves again first, and tidies up after: what interrupts a step may end it some seconds later, and the next attempt
 * removes what this one left.
 *
 * @param made Whether the new volume is this attempt's, which removes no other.
 */
async function undo(wanted: Wanted, services: Services, volume: string, made: boolean): Promise<void> {
  await Promise.all(Object.values(serversOf(wanted)).map(removeContainer));
  try {
    await refuseOtherUsers(volume, services.database?.id);
    await serveAgain(services, wanted.user);
  } finally {
    if (made) await remove("volume", newVolume(wanted).volume);
  }
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

/** The labels are those of the stack's Volume, which finds it there. */
async function makeVolume(wanted: Wanted): Promise<void> {
  await docker(["volume", "create", ...labelled(wanted.stack, "db"), newVolume(wanted).volume]);
}

/**
 * Two servers on one data directory destroy it, and two containers do not see each other's.
 *
 * @param own Id of a container that may use it. Default: none.
 */
async function refuseOtherUsers(volume: string, own?: string): Promise<void> {
  const format = ["--no-trunc", "--format", "{{.ID}} {{.Names}}"];
  const lines = (await docker(["ps", "--filter", `volume=${volume}`, ...format])).split("\n").filter(Boolean);
  const users = lines.map((line) => line.split(" ")).filter(([id]) => id !== own);
  if (users.length > 0)
    throw new UserError(`${users.map(([, name]) => name).join(", ")} uses volume ${volume}. Stop it`);
}

/** Fills the new volume from the old server. @param md5 Whether roles log in by md5, which new data asks nobody for. */
async function fill(wanted: Wanted, old: Database, from: number, md5: boolean): Promise<Rows> {
  const target = newVolume(wanted);
  await refuseTablespaces(old);
  const [needed, free] = [(await clusterBytes(old)) + HEADROOM, freeIn(await inVolume(target, "df -Pk ."))];
  if (!(free >= needed))
    throw new UserError(
      `the volume has ${megabytes(free)} free, and ${megabytes(needed)} are needed. Make room`,
    );
  const newServer = await startServer({
    ...{ ...target, user: wanted.user, name: serversOf(wanted).new, port: 5432 },
    ...{ beside: old.container, dataFolder: `${DATA}/${STAGED}` },
    // Written to the disk once, at the end.
    settings: [...settingsOf(wanted.command), "fsync=off", "full_page_writes=off", "max_wal_size=4GB"],
    ...(md5 ? { hostAuthMethod: "md5" } : {}),
  });
  const servers = { old, new: { ...old, container: newServer }, port: OLD_PORT };
  await copyCluster(servers);
  const rows = await compareClusters(servers);
  await stopServer(newServer);
  await removeContainer(newServer);
  const script = `${MARK_UNUSED}; initdb --sync-only -D "$1" > /dev/null; ${PUBLISH}`;
  await inVolume(target, script, STAGED, String(from));
  return rows;
}
