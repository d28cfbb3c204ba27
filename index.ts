/** The stack: configuration -> images -> network and data -> services -> outputs. */
import "./lib/runtime/plainStacks.ts";
import "./lib/runtime/lateModules.ts";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DatabaseSteps } from "./components/DatabaseSteps.ts";
import { DockerService } from "./components/DockerService.ts";
import { databaseUpgrade, databaseVolume } from "./components/databaseUpgrade.ts";
import { NixImage } from "./components/NixImage.ts";
import {
  backService,
  databaseLocation,
  databaseService,
  frontService,
  publishedPorts,
} from "./components/services.ts";
import { dockerEnvironment, stepCommand } from "./components/stepCommand.ts";
import { inSentences, readConfig } from "./lib/config/read.ts";
import { askHistory, checkMigrations } from "./lib/database/migrations/refuse.ts";
import type { Applied } from "./lib/database/migrations/schemaHistory.ts";
import { refuseOtherData } from "./lib/database/refuseOtherData.ts";
import { lookForUpgrade } from "./lib/database/upgrade/ahead.ts";
import { askDeployed, type Deployed } from "./lib/docker/deployed.ts";
import { type Host, holdHost } from "./lib/docker/heldHost.ts";
import { reachedAt, resolveDockerHost, unreachedProvider } from "./lib/docker/host.ts";
import { hostName, labels } from "./lib/docker/names.ts";
import { refuseTakenPorts } from "./lib/docker/ports.ts";
import { refuseWithoutBuilder } from "./lib/images/builder.ts";
import { applicationOf } from "./lib/images/evaluate.ts";
import { deployedImages } from "./lib/images/generations.ts";
import { imageRef, isPinned, migrationsAlias, pinNote } from "./lib/images/plan.ts";
import { planForHost } from "./lib/images/planForHost.ts";
import { probeImages, refuseAbsentPins } from "./lib/images/presence.ts";
import { endWithEngine } from "./lib/runtime/endWithEngine.ts";

endWithEngine();
const config = await inSentences(readConfig);
const dockerHost = await inSentences(() => resolveDockerHost(config.dockerHost));
const [{ images: meta, system }, { reached, upgradeAhead, deployed, schema: ran }] = await inSentences(() => {
  const held = holdHost(dockerHost, config.database.version);
  return Promise.all([planForHost(config, held), lookAtHost(held)]);
});

const { packages } = config;
const presence = reached ? await probeImages(Object.values(meta).map(imageRef), dockerHost) : new Map();
await inSentences(() => refuseAbsentPins(Object.values(meta), presence));
const migrations = await inSentences(() => checkMigrations(meta.back, config.back.migrations, ran));
await inSentences(() => refuseWithoutBuilder(system, Object.values(meta), presence, dockerHost));
// What docker has was built, and looked at then. Where nothing changes, not even the program that looks is loaded.
if (!isPinned(meta.back) && presence.get(imageRef(meta.back)) !== "present") {
  const { refuseUnfitJar } = await import("./lib/images/jar/unfitJar.ts");
  await inSentences(() => refuseUnfitJar(config));
}
for (const plan of Object.values(meta)) if (isPinned(plan)) void pulumi.log.info(pinNote(plan));
const [providerArgs, ignoreChanges] = reached ? [dockerHost.provider, []] : unreachedProvider(dockerHost);
const provider = new docker.Provider("docker", providerArgs, { ignoreChanges });
const opts = { provider };

const application = applicationOf(config);
const image = (name: "back" | "front" | "db", aliases: string[] = []) =>
  new NixImage(
    `${name}-image`,
    {
      meta: meta[name],
      presence: presence.get(imageRef(meta[name])) ?? "unknown",
      packages,
      system,
      application: application[name],
      aliases,
      dockerHost: config.dockerHost,
      registry: config.registry,
    },
    opts,
  );
const aliases = isPinned(meta.back) ? [] : [migrationsAlias(meta.back, pulumi.getStack())];
const images = { db: image("db"), back: image("back", aliases), front: image("front") };

const network = new docker.Network("network", { name: hostName("network"), labels: labels("network") }, opts);
// When all images are there: the back is away from now on until it starts on the new database.
const upgraded = databaseUpgrade(config, images.db.ref, upgradeAhead, { dependsOn: Object.values(images) });
const volume = new docker.Volume(
  "db-data",
  { name: databaseVolume(config), labels: labels("db") },
  // No config change and no destroy drops data: `down --volumes` and `stack rm` do, which name it first.
  { ...opts, retainOnDelete: true, dependsOn: upgraded },
);

// A network that was removed and made again is another one, to which no container is connected.
const host = (service: keyof typeof images) => ({
  network: network.name,
  dockerHost: config.dockerHost,
  follows: { network: network.id },
  ref: images[service].ref,
  deployed: deployed.get(hostName(service)),
});
const db = new DockerService(
  "db",
  { service: databaseService(config, images.db.loaded, volume.name), ...host("db") },
  // All of it, its trial too: a trial that failed after an upgrade had stopped the services would leave them so.
  { ...opts, dependsOn: volume },
);
const schema = new DatabaseSteps(
  "db-schema",
  { config, containerId: db.containerId, back: meta.back, migrations },
  { ...opts, dependsOn: [db, images.back] },
);
const back = new DockerService(
  "back",
  // A back does not find its way to a new database by itself, so it is replaced with it.
  {
    service: backService(config, images.back.loaded),
    ...host("back"),
    follows: { network: network.id, db: db.containerId },
  },
  { ...opts, dependsOn: schema },
);
const front = new DockerService(
  "front",
  { service: frontService(config, images.front.loaded), ...host("front") },
  { ...opts, dependsOn: back },
);

/** Refuses another docker host than the stack's, and ports that something else has there; finds what lies ahead. */
async function lookAtHost(held: Promise<Host>): Promise<{
  reached: boolean;
  upgradeAhead?: string | undefined;
  deployed: Map<string, Deployed>;
  schema: Applied[];
}> {
  // All is asked at once, since each question to a host far away takes its time. What a host says counts once it is
  // known to be the stack's: one that is away, or another, is told in one sentence, whatever else went wrong.
  const rest = Promise.all([
    lookForUpgrade(config, dockerHost),
    askDeployed(["db", "back", "front"].map(hostName), hostName("network"), dockerHost).then(
      async (found) => {
        await refuseOtherData(config, found.get(hostName("db")), dockerHost);
        return found;
      },
    ),
    askHistory(config, dockerHost),
    refuseTakenPorts(publishedPorts(config), pulumi.getStack(), dockerHost),
  ]);
  rest.catch(() => {});
  if (!(await held).reached) return { reached: false, deployed: new Map(), schema: [] };
  const [upgradeAhead, deployed, schema] = await rest;
  return { reached: true, upgradeAhead, deployed, schema };
}

// Last of all, when everything is healthy: its output is the list of what the stack ran, from update to update.
new command.local.Command(
  "history",
  {
    create: stepCommand("record-history"),
    environment: {
      KEEP: String(config.keep),
      STACK: pulumi.getStack(),
      ...dockerEnvironment(config.dockerHost),
    },
    // Not in the environment, where a text may be no longer than 128 kB.
    stdin: JSON.stringify(deployedImages(meta)),
    addPreviousOutputInEnv: true,
    logging: "stderr",
  },
  { dependsOn: [back, front] },
);

const located = (address: string | undefined) => address?.replace(/^localhost(?=:)/, reachedAt(dockerHost));
const url = (address: string | undefined) =>
  address === undefined ? undefined : `http://${located(address)}`;
const describe = ({ ref, drvPath, sizeBytes }: NixImage) => ({ ref, drvPath, sizeBytes });

/** Where a browser finds the front end; undefined where it is not published. */
export const frontUrl = url(front.address);
/** Where the back end's API is; undefined where it is not published. */
export const backUrl = url(back.address);
/** The database, without its password; as inside the stack's network where it is not published. */
export const databaseUrl = `postgresql://${databaseLocation(config, located(db.address))}`;
/** The password of the database's role. */
export const databasePassword = pulumi.secret(config.databasePassword);
/** Per image: its ref, its derivation, and its size in docker. */
const described = { back: describe(images.back), front: describe(images.front), db: describe(images.db) };

export { described as images };
