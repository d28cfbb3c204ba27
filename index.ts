/** The stack: configuration -> preflight -> images -> network and data -> services -> outputs. */
import "./lib/runtime/plainStacks.ts";
import "./lib/runtime/lateModules.ts";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DatabaseSteps } from "./components/DatabaseSteps.ts";
import { DockerService } from "./components/DockerService.ts";
import { databaseClient } from "./components/databaseClient.ts";
import { gateway as gatewayOf } from "./components/gateway.ts";
import { NixImage } from "./components/NixImage.ts";
import { ownDatabase } from "./components/ownDatabase.ts";
import { backService, databaseLocation, frontService } from "./components/services.ts";
import { dockerEnvironment, stepCommand } from "./components/stepCommand.ts";
import { targetOf } from "./components/targets.ts";
import { inSentences, readConfig } from "./lib/config/fromPulumi.ts";
import { publishedUrls } from "./lib/config/placeholders.ts";
import { hostName, labels } from "./lib/docker/names.ts";
import { applicationOf } from "./lib/images/evaluate.ts";
import { deployedImages } from "./lib/images/generations.ts";
import { imageRef, isPinned, migrationsAlias } from "./lib/images/plan.ts";
import { endWithEngine } from "./lib/runtime/endWithEngine.ts";
import { isRolling, type RollingName, type ServiceName } from "./lib/serviceNames.ts";
import { preflight } from "./preflight.ts";

endWithEngine();
const config = await inSentences(readConfig);
const seen = await preflight(config);
const { packages, registry } = config;
const target = targetOf(config);
const { dockerHost, images: plans, system } = seen;
const opts = { provider: seen.provider };

const application = applicationOf(config);
const urls = publishedUrls(config, dockerHost);
const image = (name: ServiceName, aliases: string[] = []) =>
  new NixImage(
    `${name}-image`,
    {
      meta: plans[name],
      presence: seen.presence.get(imageRef(plans[name])) ?? "unknown",
      application: application[name],
      dockerHost: config.dockerHost,
      ...{ packages, system, registry, aliases, byDigest: isRolling(name) && target.byDigest(config) },
    },
    opts,
  );
const aliases = isPinned(plans.back) ? [] : [migrationsAlias(plans.back, pulumi.getStack())];
const images = {
  db: image("db"),
  back: image("back", aliases),
  front: image("front"),
  gateway: image("gateway"),
};

const network = new docker.Network(
  "network",
  { name: hostName("network"), labels: labels("network"), ...target.network },
  opts,
);
/** The inputs that all services have. A network that was removed and made again is another one, by its id. */
const common = (name: ServiceName) => ({
  network: network.name,
  dockerHost: config.dockerHost,
  follows: { network: network.id },
  deployed: seen.deployed(name),
});
/** It takes over behind the gateway. */
const takesOver = (name: RollingName, further: Record<string, pulumi.Input<string>> = {}) => {
  const { step, environment } = target.gate(config, name);
  return { step, environment: { ...environment, ...further } };
};

const { external } = config.database;
const { service, dependsOn } =
  external === undefined
    ? ownDatabase(
        config,
        { image: images.db, images: Object.values(images) },
        { upgradeAhead: seen.upgradeAhead, deployed: seen.deployed("db") },
        opts,
      )
    : { service: databaseClient(config, external, images.db.loaded), dependsOn: [] };
const db = new DockerService("db", { service, ...common("db") }, { ...opts, dependsOn });
const schema = new DatabaseSteps(
  "db-schema",
  {
    config,
    containerId: db.containerId,
    back: plans.back,
    migrations: seen.migrations,
    deployed: seen.deployed("back"),
  },
  { ...opts, dependsOn: [db, images.back] },
);
const back = target.rolling(
  "back",
  {
    service: backService(config, target.imageOf(images.back), urls),
    ref: images.back.ref,
    ...common("back"),
    ...(external === undefined
      ? {
          // A back does not reconnect to a new database, so it is replaced with it.
          follows: { network: network.id, db: target.followed(db) },
          gate: takesOver("back", {
            DATABASE_CONTAINER: db.containerId,
            DATABASE_USER: config.database.user,
          }),
        }
      : { gate: takesOver("back") }),
  },
  { ...opts, dependsOn: schema },
);
const front = target.rolling(
  "front",
  {
    service: frontService(config, target.imageOf(images.front), urls),
    ref: images.front.ref,
    ...common("front"),
    gate: takesOver("front"),
  },
  { ...opts, dependsOn: back },
);
// After the services: in a stack of before there was a gateway, they have its ports until their successors are healthy.
const gateway = gatewayOf(config, images.gateway.loaded, common("gateway"), target.tasks, {
  ...opts,
  dependsOn: front,
});

// Last, when everything is healthy. Its output is the list of what the stack ran, from update to update.
new command.local.Command(
  "history",
  {
    create: stepCommand("record-history"),
    environment: {
      KEEP: String(config.keep),
      STACK: pulumi.getStack(),
      ...dockerEnvironment(config.dockerHost),
    },
    // Not in the environment, where a text may be at most 128 kB long.
    stdin: JSON.stringify(deployedImages(plans)),
    addPreviousOutputInEnv: true,
    logging: "stderr",
  },
  { dependsOn: gateway },
);

const describe = ({ ref, drvPath, sizeBytes }: NixImage) => ({ ref, drvPath, sizeBytes });

/** The URLs of the front end, and of the back end's API; undefined if not published. */
export const { frontUrl, backUrl } = urls;
/** The URL of the database, without the password. If it is not published, the one inside the stack's network. */
export const databaseUrl = `postgresql://${databaseLocation(config, dockerHost)}`;
/** The password of the database's role. */
export const databasePassword = pulumi.secret(config.databasePassword);
/** Each image's ref, derivation, and size in docker. */
const described = {
  back: describe(images.back),
  front: describe(images.front),
  db: describe(images.db),
  gateway: describe(images.gateway),
};

export { described as images };
