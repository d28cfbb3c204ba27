/**
 * Brings the data of an older major version of PostgreSQL into the volume of the configured one, by dump and restore
 * between two servers that nothing else reaches. The stack's database and back end are stopped before, so that no write
 * is lost, and started again where it fails: then the new volume is removed, and nothing has changed. The old volume is
 * read, and kept. Does nothing where the volume holds the data already, or where there is none.
 */

import { settingsOf } from "../lib/config/databaseSettings.ts";
import { megabytes } from "../lib/database/backup/target.ts";
import { refuseUnfitImage } from "../lib/database/image.ts";
import { inNumbers, type Rows } from "../lib/database/postgres.ts";
import {
  contentOf,
  DATA,
  inVolume,
  MARK_UNUSED,
  POSTGRES_USER,
  PUBLISH,
  removeContainer,
  startServer,
  stopServer,
  volumeHolds,
} from "../lib/database/temporaryServer.ts";
import {
  clusterBytes,
  compareClusters,
  copyCluster,
  refuseTablespaces,
  type Servers,
} from "../lib/database/upgrade/cluster.ts";
import { imageOf } from "../lib/database/upgrade/oldImage.ts";
import {
  answersAgain,
  ownServices,
  type Services,
  serveAgain,
  stopRunning,
} from "../lib/database/upgrade/ownServices.ts";
import { md5Note, md5Roles } from "../lib/database/upgrade/passwords.ts";
import { type Content, keptBeside, planInto, volumeOf } from "../lib/database/volumes.ts";
import { docker, inspect } from "../lib/docker/client.ts";
import { freeIn } from "../lib/freeSpace.ts";
import { run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

/** Port of the old server, beside the new one's. */
const OLD_PORT = 5433;

/** Where the new data directory grows in its volume, until it is whole. */
const STAGED = ".upgrade";

/** The new database is about as large as the old one; its log and what sorting takes come on top, in bytes. */
const HEADROOM = 200e6;

const [stack, container, user] = [input("STACK"), input("CONTAINER"), input("DATABASE_USER")];
const [base, version, image] = [input("VOLUME_BASE"), Number(input("VERSION")), input("IMAGE")];
/** Program and arguments of the new server; none where the image's own are meant. */
const serverCommand = JSON.parse(process.env["COMMAND"] ?? "[]") as string[];
const target = volumeOf(base, version);
const where = { stack, image, volume: target };
const names = { old: `${container}-upgrade-old`, new: `${container}-upgrade-new` };

await step(async () => {
  const plan = planInto(base, version, await volumes(), await mounted(), await content());
  if (plan.kind === "refuse")
    throw new UserError(
      `agatha:database.version: ${version} is older than the data, which is PostgreSQL ${plan.newer}'s (volume ${plan.volume}). Set it to ${plan.newer}.${keptBeside(base, plan.newer, await volumes())}`,
    );
  // The trial asks too, but only once the data has been copied and the services are stopped.
  await refuseUnfitImage({ image, major: version, owner: POSTGRES_USER, command: serverCommand });
  if (plan.kind === "both")
    throw new UserError(
      `agatha-db: volume ${plan.volume}, which the database's container uses, holds data of PostgreSQL ${plan.from}, and volume ${target} has been in use with PostgreSQL ${version}: an upgrade would drop that. To go on with ${target}, take the stack down (\`npm run down\` keeps both) and run up again. To upgrade ${plan.volume} instead, look at what is in ${target} first, then drop it (\`docker volume rm ${target}\`) and run up again.`,
    );
  if (plan.kind === "nothing")
    return void process.stdout.write(`PostgreSQL ${version} has its data already, or begins with none\n`);
  process.stdout.write(`${await upgrade(plan.from, plan.volume)}\n`);
});

async function volumes(): Promise<string[]> {
  const filter = `label=agatha.stack=${stack}`;
  return (await docker(["volume", "ls", "--filter", filter, "--format", "{{.Name}}"])).split("\n");
}

async function mounted(): Promise<string[]> {
  const mounts = await inspect<{ Name?: string }[]>("container", container, ".Mounts");
  return (mounts ?? []).map(({ Name = "" }) => Name);
}

/** What is in the version's own volume. One that the database's container uses is the data. */
async function content(): Promise<Content> {
  if ((await mounted()).includes(target)) return "data";
  return (await volumes()).includes(target) ? contentOf(where) : "nothing";
}

/** @returns What was done, for people. */
async function upgrade(from: number, volume: string): Promise<string> {
  const start = performance.now();
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
    await dropUnused();
    made = true;
    await makeVolume();
    await refuseOtherUsers(volume);
    oldServer = await startServer({
      ...{ stack, image: oldImage, volume, user, name: names.old, port: OLD_PORT },
      // Those of its own container: what it took to hold the data may take to dump it (max_locks_per_transaction).
      settings: settingsOf(oldCommand),
    });
    const md5 = await md5Roles({ container: oldServer, user, name: "postgres" });
    const rows = await fill(oldServer, from, md5.length > 0);
    await stopServer(oldServer);
    await removeContainer(oldServer);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    return `PostgreSQL ${from} => ${version} in ${seconds} s: ${inNumbers(rows)}, the same as before. Volume ${volume} is kept as it was; \`docker volume rm ${volume}\` drops it${md5Note(md5)}`;
  } catch (error) {
    const reason = words(error);
    // Where another run took over, what it does is not undone.
    const mine = oldServer === undefined || (await removeContainer(oldServer));
    const back = mine
      ? await undo(services, volume, made)
          .then(() => answersAgain(services))
          .catch(words)
      : "Another update took over";
    throw new UserError(
      `agatha-db: the upgrade from PostgreSQL ${from} to ${version} failed: ${reason}. ${back}. Fix what it names and run up again, or set agatha:database.version back to ${from}.`,
    );
  }
}

function words(error: unknown): string {
  return (error instanceof UserError ? error.message : String(error)).replace(/\.$/, "");
}

/**
 * Serves again first, and tidies up after: what interrupts a step may end it some seconds later, and the next attempt
 * takes away what this one left.
 *
 * @param made Whether the new volume is this attempt's, which alone it removes.
 */
async function undo(services: Services, volume: string, made: boolean): Promise<void> {
  await Promise.all(Object.values(names).map(removeContainer));
  try {
    await refuseOtherUsers(volume, services.database?.id);
    await serveAgain(services, user);
  } finally {
    if (made) await run("docker", ["volume", "rm", "--force", target]);
  }
}

/** Removes what an earlier attempt left in the version's volume. Data that was in use is never removed. */
async function dropUnused(): Promise<void> {
  if (!(await volumes()).includes(target)) return;
  if ((await contentOf(where)) === "data")
    throw new UserError(
      `volume ${target} holds data. Drop it, if it is not needed: \`docker volume rm ${target}\``,
    );
  await docker(["volume", "rm", target]);
}

/** The labels are those of the stack's Volume, which finds it there. */
async function makeVolume(): Promise<void> {
  const labels = ["--label", `agatha.stack=${stack}`, "--label", "agatha.service=db"];
  await docker(["volume", "create", ...labels, target]);
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
async function fill(oldServer: string, from: number, md5: boolean): Promise<Rows> {
  const old = { container: oldServer, user, name: "postgres" };
  await refuseTablespaces(old);
  await refuseFullVolume(await clusterBytes(old));
  const newServer = await startServer({
    ...{ ...where, user, name: names.new, port: 5432, beside: oldServer, dataFolder: `${DATA}/${STAGED}` },
    // Written to the disk once, at the end.
    settings: [...settingsOf(serverCommand), "fsync=off", "full_page_writes=off", "max_wal_size=4GB"],
    ...(md5 ? { hostAuthMethod: "md5" } : {}),
  });
  const servers: Servers = { old, new: { container: newServer, user, name: "postgres" }, port: OLD_PORT };
  await copyCluster(servers);
  const rows = await compareClusters(servers);
  await stopServer(newServer);
  await removeContainer(newServer);
  const script = `${MARK_UNUSED}; initdb --sync-only -D "$1" > /dev/null; ${PUBLISH}`;
  await inVolume(where, script, STAGED, String(from));
  return rows;
}

async function refuseFullVolume(bytes: number): Promise<void> {
  const free = freeIn(await inVolume(where, "df -Pk ."));
  if (!(free >= bytes + HEADROOM))
    throw new UserError(
      `the volume has ${megabytes(free)} free, and ${megabytes(bytes + HEADROOM)} are needed. Make room`,
    );
}
