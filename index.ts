/** The stack: configuration -> preflight -> images -> network and data -> services -> outputs. */
import "./lib/runtime/plainStacks.ts";
import "./lib/runtime/lateModules.ts";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DatabaseSteps } from "./components/DatabaseSteps.ts";
import { DockerService } from "./components/DockerService.ts";
import { databaseClient } from "./components/databaseClient.ts";
import { gateway as gatewayOf } from "./components/gateway.ts";
import { NixImage } from "./components/NixImage.ts";
import { ownDatabase } from "./components/ownDatabase.ts";
import { backService, databaseLocation, frontService } from "./components/services.ts";
import { registerStep } from "./components/stepCommand.ts";
import { targetOf } from "./components/targets.ts";
import { inSentences, readConfig } from "./lib/config/fromPulumi.ts";
import { publishedUrls } from "./lib/config/placeholders.ts";
import { hostName, labels } from "./lib/docker/names.ts";
import { applicationOf } from "./lib/images/evaluate.ts";
import { deployedImages } from "./lib/images/generations.ts";
import { imageRef, isPinned, migrationsAlias } from "./lib/images/plan.ts";
import { endWithEngine } from "./lib/runtime/endWithEngine.ts";
import { isRolling, mapServices, type ServiceName } from "./lib/serviceNames.ts";
import { preflight } from "./preflight.ts";

endWithEngine();
const config = await inSentences(readConfig);
const seen = await preflight(config);
const target = targetOf(config);
const { packages, registry, dockerHost } = config;
const { images: plans, system } = seen;
const opts = { provider: seen.provider };

const application = applicationOf(config);
const urls = publishedUrls(config, seen.dockerHost);
const aliases = isPinned(plans.back) ? [] : [migrationsAlias(plans.back, pulumi.getStack())];
const built = mapServices(
  (name) =>
    new NixImage(
      `${name}-image`,
      {
        meta: plans[name],
        presence: seen.presence.get(imageRef(plans[name])) ?? "unknown",
        application: application[name],
        aliases: name === "back" ? aliases : [],
        byDigest: isRolling(name) && target.byDigest(config),
        ...{ packages, system, registry, dockerHost },
      },
      opts,
    ),
);

const network = new docker.Network(
  "network",
  { name: hostName("network"), labels: labels("network"), ...target.network },
  opts,
);
/** The inputs that all services have. A network that was removed and made again is another one, by its id. */
const common = (name: ServiceName) => ({
  network: network.name,
  dockerHost,
  follows: { network: network.id },
  deployed: seen.deployed(name),
});

const { external, user } = config.database;
const { service, dependsOn } =
  external === undefined
    ? ownDatabase(config, built, { upgradeAhead: seen.upgradeAhead, deployed: seen.deployed("db") }, opts)
    : { service: databaseClient(config, external, built.db.loaded), dependsOn: [] };
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
  { ...opts, dependsOn: [db, built.back] },
);
const role = { DATABASE_CONTAINER: db.containerId, DATABASE_USER: user };
const back = target.rolling(
  "back",
  {
    service: backService(config, target.imageOf(built.back), urls),
    ref: built.back.ref,
    ...common("back"),
    // A back does not reconnect to a new database, so it is replaced with it.
    follows: { network: network.id, ...(external === undefined ? { db: target.followed(db) } : {}) },
    gate: target.gate(config, "back", external === undefined ? role : {}),
  },
  { ...opts, dependsOn: schema },
);
const front = target.rolling(
  "front",
  {
    service: frontService(config, target.imageOf(built.front), urls),
    ref: built.front.ref,
    ...common("front"),
    gate: target.gate(config, "front", {}),
  },
  { ...opts, dependsOn: back },
);
// After the services: in a stack of before there was a gateway, they have its ports until their successors are healthy.
const gateway = gatewayOf(config, built.gateway.loaded, common("gateway"), target.tasks, {
  ...opts,
  dependsOn: front,
});

// Last, when everything is healthy. Its output is the list of what the stack ran, from update to update.
registerStep(
  "history",
  {
    step: "record-history",
    dockerHost,
    environment: { KEEP: String(config.keep), STACK: pulumi.getStack() },
    // Not in the environment, where a text may be at most 128 kB long.
    stdin: JSON.stringify(deployedImages(plans)),
    addPreviousOutputInEnv: true,
    logging: "stderr",
  },
  { dependsOn: gateway },
);

/** The URLs of the front end, and of the back end's API; undefined if not published. */
export const { frontUrl, backUrl } = urls;
/** The URL of the database, without the password. If it is not published, the one inside the stack's network. */
export const databaseUrl = `postgresql://${databaseLocation(config, seen.dockerHost)}`;
/** The password of the database's role. */
export const databasePassword = pulumi.secret(config.databasePassword);
/** Each image's ref, derivation, and size in docker. */
export const images = mapServices((name) => {
  const { ref, drvPath, sizeBytes } = built[name];
  return { ref, drvPath, sizeBytes };
});
