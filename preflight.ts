/** Everything that is asked of docker, Nix and the stack's state before the first resource. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { publishedPorts } from "./components/services.ts";
import { targetOf } from "./components/targets.ts";
import { inSentences } from "./lib/config/fromPulumi.ts";
import type { Config } from "./lib/config/schema.ts";
import { askHistory, checkMigrations } from "./lib/database/migrations/checkInPreview.ts";
import type { Applied, Packaged } from "./lib/database/migrations/schemaHistory.ts";
import { refuseOtherData } from "./lib/database/refuseOtherData.ts";
import { lookForUpgrade, type UpgradeAhead } from "./lib/database/upgrade/ahead.ts";
import { renamed, volumeOf } from "./lib/database/volumes.ts";
import { askDatabase, type Deployed } from "./lib/docker/deployedContainers.ts";
import { type DockerHost, resolveDockerHost, unreachedProvider } from "./lib/docker/host.ts";
import { hostName } from "./lib/docker/names.ts";
import { refuseTakenPorts } from "./lib/docker/ports.ts";
import { holdHost, type KnownHost } from "./lib/docker/stackHost.ts";
import { runsHere } from "./lib/docker/system.ts";
import { buildEarly, refuseWithoutBuilder } from "./lib/images/builder.ts";
import type { StackImages } from "./lib/images/evaluate.ts";
import { imageRef, isPinned, pinNote } from "./lib/images/plan.ts";
import { planForHost } from "./lib/images/planForHost.ts";
import { type Presence, probeImages, refuseAbsentPins } from "./lib/images/presence.ts";
import type { ServiceName } from "./lib/serviceNames.ts";
import { UserError } from "./lib/userError.ts";

/** What was found. */
export interface Seen {
  dockerHost: DockerHost;
  provider: docker.Provider;
  images: StackImages;
  /** What the images are built for: `x86_64-linux`. */
  system: string;
  /** Which images docker has, by ref. */
  presence: Map<string, Presence>;
  /** A service's container. */
  deployed: (service: ServiceName) => Deployed;
  /** The upgrade of the database that this update brings. */
  upgradeAhead: UpgradeAhead | undefined;
  migrations: Packaged;
}

/** @throws RunError with the first reason against an update. */
export const preflight = (config: Config): Promise<Seen> => inSentences(() => look(config));

async function look(config: Config): Promise<Seen> {
  const dockerHost = await resolveDockerHost(config.dockerHost);
  const host = holdHost(dockerHost, config.target, (madeAs) => refuseRenamed(madeAs, config));
  // As soon as it may be, since its plugin starts while the rest is asked.
  const provider = host.then(({ reached }) => providerFor(config, dockerHost, reached));
  provider.catch(() => {});
  const [{ images, ...planned }, { applied, ...asked }] = await Promise.all([
    lookAtImages(config, dockerHost, host),
    askHost(config, dockerHost, host),
  ]);
  const migrations = checkMigrations(images.back, config.back.migrations, applied);
  for (const plan of Object.values(images)) if (isPinned(plan)) void pulumi.log.info(pinNote(plan));
  return { dockerHost, provider: await provider, images, ...planned, ...asked, migrations };
}

function providerFor(config: Config, host: DockerHost, reached: boolean): docker.Provider {
  const [args, ignoreChanges] = reached ? [host.provider, []] : unreachedProvider(host);
  return new docker.Provider("docker", { ...args, ...targetOf(config).provider(config) }, { ignoreChanges });
}

async function lookAtImages(
  config: Config,
  dockerHost: DockerHost,
  host: Promise<KnownHost>,
): Promise<Pick<Seen, "images" | "system" | "presence">> {
  const { images, system } = await planForHost(config, host);
  const plans = Object.values(images);
  const presence = (await host).reached
    ? await probeImages(plans.map(imageRef), dockerHost)
    : new Map<string, Presence>();
  refuseAbsentPins(plans, presence);
  await refuseWithoutBuilder(system, plans, presence, dockerHost);
  const missing = plans.filter((plan) => presence.get(imageRef(plan)) !== "present");
  if (!pulumi.runtime.isDryRun() && runsHere(system)) buildEarly(missing);
  // An image that docker has was checked when it was built. If nothing changes, the checking code is not even loaded.
  if (missing.includes(images.back) && !isPinned(images.back)) {
    const { refuseUnfitJar } = await import("./lib/images/jar/unfitJar.ts");
    await refuseUnfitJar(config);
  }
  return { images, system, presence };
}

/** @throws UserError if the stack was renamed: everything on its host has its former name. */
function refuseRenamed(madeAs: string, config: Config): void {
  const name = pulumi.getStack();
  if (madeAs === name) return;
  const volume = volumeOf(`agatha-${madeAs}-db-data`, config.database.version);
  throw new UserError(renamed(name, madeAs, volume));
}

/**
 * Asks everything at once, since each question to a remote host takes its time. The answers count once the host is known to be
 * the stack's: an unreachable one, or another, is reported before any other error.
 */
async function askHost(
  config: Config,
  dockerHost: DockerHost,
  host: Promise<KnownHost>,
): Promise<Pick<Seen, "deployed" | "upgradeAhead"> & { applied: Applied[] }> {
  const answers = Promise.all([
    config.database.external === undefined ? lookForUpgrade(config, dockerHost) : undefined,
    targetOf(config).look(config, dockerHost),
    refuseUnfitData(config, dockerHost),
    askHistory(config, dockerHost),
    refuseTakenPorts(publishedPorts(config), pulumi.getStack(), dockerHost),
  ]);
  answers.catch(() => {});
  if (!(await host).reached) return { deployed: () => "unknown", upgradeAhead: undefined, applied: [] };
  const [upgradeAhead, deployed, , applied] = await answers;
  return { deployed, upgradeAhead, applied };
}

const refuseUnfitData = async (config: Config, dockerHost: DockerHost): Promise<void> =>
  refuseOtherData(config, await askDatabase(hostName("db"), dockerHost), dockerHost);
