/** A database of the stack's own: its data in a volume, and what tries or upgrades it before the server is replaced. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { settingArguments } from "../lib/config/databaseSettings.ts";
import type { Config } from "../lib/config/schema.ts";
import type { UpgradeAhead } from "../lib/database/upgrade/ahead.ts";
import { FIRST_MAJOR, volumeOf } from "../lib/database/volumes.ts";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName, labels } from "../lib/docker/names.ts";
import type { ServiceName } from "../lib/serviceNames.ts";
import { titleOf, unhealthyMs } from "./containerArgs.ts";
import type { NixImage } from "./NixImage.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { databaseService } from "./services.ts";
import { registerStep, runAgain } from "./stepCommand.ts";

/** @returns Its service, and what has to be there before its container. */
export function ownDatabase(
  config: Config,
  images: Record<ServiceName, NixImage>,
  { upgradeAhead, deployed }: { upgradeAhead: UpgradeAhead | undefined; deployed: Deployed },
  opts: pulumi.CustomResourceOptions,
): { service: ServiceSpec; dependsOn: pulumi.Resource[] } {
  // Once all images are there: it stops the back, until that starts on the new database.
  const upgraded = upgrade(config, images.db.ref, upgradeAhead, { dependsOn: Object.values(images) });
  const volume = new docker.Volume(
    "db-data",
    { name: volumeOf(hostName("db-data"), config.database.version), labels: labels("db") },
    // No change of the configuration and no destroy drops data. `down --volumes` and `stack rm` do, after they name it.
    { ...opts, retainOnDelete: true, dependsOn: upgraded },
  );
  const service = databaseService(config, images.db.loaded, volume.name);
  const newImage = typeof deployed === "object" && deployed.image !== images.db.ref;
  // After an upgrade stopped the services, a canary that fails would leave them stopped.
  const tried = canary(service, newImage, config.dockerHost, { dependsOn: [images.db] });
  return { service, dependsOn: [volume, tried] };
}

/** The step that fills a newer major version's volume from the older one's, before anything uses it; none for the first version. */
function upgrade(
  { database: { version, user, settings }, dockerHost }: Config,
  image: string,
  ahead: UpgradeAhead | undefined,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (version === FIRST_MAJOR) return [];
  const args = settingArguments(settings);
  const step = registerStep(
    "db-upgrade",
    {
      step: "upgrade-database",
      dockerHost,
      environment: {
        COMMAND: args.length === 0 ? undefined : JSON.stringify(["postgres", ...args]),
        CONTAINER: hostName("db"),
        DATABASE_USER: user,
        IMAGE: image,
        STACK: pulumi.getStack(),
        VERSION: String(version),
        VOLUME_BASE: hostName("db-data"),
      },
      // Without an upgrade ahead, another image, role or setting of the same version is no reason to look again.
      again: runAgain("AHEAD", ahead && JSON.stringify(ahead), ["COMMAND", "DATABASE_USER", "IMAGE"]),
      triggers: [{ version }],
    },
    { ...opts, deleteBeforeReplace: true },
  );
  return [step];
}

/**
 * The step that tries the new container beside the one that runs, on data of its own: the old one goes before the new one is made,
 * since two servers cannot share the data. It runs if, and only if, something changed that may keep the database from health.
 */
function canary(
  service: ServiceSpec,
  newImage: boolean,
  dockerHost: string | undefined,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const { image, database, env, user, tmpfs, sharedMemory, stopSignal, health } = service;
  const { memory, cpus, processes } = service;
  return registerStep(
    "db-trial",
    {
      step: "try-database",
      dockerHost,
      environment: {
        CONTAINER: hostName("db"),
        LABEL: "db-trial",
        NETWORK: hostName("network"),
        SERVICE: titleOf(service),
        STACK: pulumi.getStack(),
        TRIAL: pulumi.jsonStringify({
          ...{ image, database, env, user, tmpfs, sharedMemory, stopSignal },
          command: service.command ?? [],
          data: service.volumes.map(({ path }) => path),
          probe: health.command,
          limitMs: unhealthyMs(health),
        }),
      },
      // A change of limits alone needs no canary, so they count only together with another image.
      again: runAgain("AGATHA_LIMITS", newImage ? JSON.stringify({ memory, cpus, processes }) : undefined),
    },
    opts,
  );
}
