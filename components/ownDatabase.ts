/** A database of the stack's own: its data in a volume, and what tries or upgrades it before the server is replaced. */
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Config } from "../lib/config/schema.ts";
import type { UpgradeAhead } from "../lib/database/upgrade/ahead.ts";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { labels } from "../lib/docker/names.ts";
import { databaseCanary } from "./databaseCanary.ts";
import { databaseUpgrade, databaseVolume } from "./databaseUpgrade.ts";
import type { NixImage } from "./NixImage.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { databaseService } from "./services.ts";

/**
 * @param image The database's. @param images All of the stack's.
 * @returns Its service, and what has to be there before its container.
 */
export function ownDatabase(
  config: Config,
  { image, images }: { image: NixImage; images: NixImage[] },
  { upgradeAhead, deployed }: { upgradeAhead: UpgradeAhead | undefined; deployed: Deployed },
  opts: pulumi.CustomResourceOptions,
): { service: ServiceSpec; dependsOn: pulumi.Resource[] } {
  // Once all images are there: it stops the back, until that starts on the new database.
  const upgraded = databaseUpgrade(config, image.ref, upgradeAhead, { dependsOn: images });
  const volume = new docker.Volume(
    "db-data",
    { name: databaseVolume(config), labels: labels("db") },
    // No change of the configuration and no destroy drops data. `down --volumes` and `stack rm` do, after they name it.
    { ...opts, retainOnDelete: true, dependsOn: upgraded },
  );
  const service = databaseService(config, image.loaded, volume.name);
  const canary = databaseCanary(
    { service, ref: image.ref, deployed, dockerHost: config.dockerHost },
    // After an upgrade stopped the services, a canary that fails would leave them stopped.
    { dependsOn: [image] },
  );
  return { service, dependsOn: [volume, canary] };
}
