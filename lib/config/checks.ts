/** What is wrong with a configuration although each of its keys is right by itself. */
import application from "../../nix/application.json" with { type: "json" };
import { didYouMean } from "../didYouMean.ts";
import { overlap } from "../docker/ports.ts";
import { certificateErrors } from "./certificate.ts";
import { NOT_SHOWN } from "./errors.ts";
import { DATABASE, PUBLISHED, placeholdersIn } from "./placeholders.ts";
import type { Config } from "./schema.ts";
import { secretsOf } from "./stackFileTexts.ts";
import { dotted, NAMESPACE, quoted } from "./text.ts";

/** Ports of the domain, for HTTPS and for what is sent there from HTTP. */
export const SITE_PORTS = [443, 80];

interface Surroundings {
  /** The top-level keys that Pulumi keeps as secrets. */
  secrets: string[];
  /** The text of the stack's file: of `agatha:back` with a secret in it, nothing else tells which of its values are secret. */
  file: string;
  /** Tells whether a path, relative to the project, exists. */
  exists: (path: string) => boolean;
}

/** The errors, without the namespace in front. */
export const crossErrors = (config: Config, around: Surroundings): string[] =>
  [
    ...[secretErrors, imageErrors, registryErrors, targetErrors, externalErrors, portErrors],
    ...[certificateErrors, placeholderErrors, fileErrors],
  ].flatMap((check) => check(config, around));

/** A login is a name and a password. */
function registryErrors({ registry }: Config): string[] {
  const { username, password } = registry ?? {};
  if ((username === undefined) === (password === undefined)) return [];
  return username === undefined
    ? ["registry.username: is missing beside registry.password. Name the user that logs in."]
    : [
        `registry.password: is missing beside registry.username. Set it: \`pulumi config set --secret --path ${NAMESPACE}:registry.password\`.`,
      ];
}

/** Several tasks, and nodes to choose from, are a swarm's. */
function targetErrors({ target, back, front }: Config): string[] {
  if (target === "swarm")
    return back.replicas === 1 || back.overlap
      ? []
      : [
          `back.replicas: ${back.replicas} would run side by side, and back.overlap is false. Set it to 1, or back.overlap to true.`,
        ];
  const fix = `with target docker, which is one host. Remove it, or set ${NAMESPACE}:target to swarm (docs/scale.md).`;
  return Object.entries({ back, front }).flatMap(([name, { replicas, placement }]) => [
    ...(replicas === 1 ? [] : [`${name}.replicas: ${replicas} cannot be had ${fix}`]),
    ...(Object.keys(placement).length === 0 ? [] : [`${name}.placement: chooses no node ${fix}`]),
  ]);
}

/** What is verified needs an authority; what a server outside of the stack has, whoever runs it sets. */
function externalErrors({ database: { external, publish, settings } }: Config): string[] {
  if (external === undefined) return [];
  const { tls, ca } = external;
  const key = `${NAMESPACE}:database.external`;
  const errors: string[] = [];
  if (tls.startsWith("verify") && ca === undefined)
    errors.push(
      `database.external.ca: is missing for tls ${tls}. Set the certificate of the authority that signs the server's: \`pulumi config set --path ${key}.ca < ca.pem\`.`,
    );
  if (!tls.startsWith("verify") && ca !== undefined)
    errors.push(
      `database.external.ca: ${NOT_SHOWN} verifies nothing with tls ${tls}. Set ${key}.tls to verify-full, or remove it.`,
    );
  const given = { publish: publish !== false, settings: Object.keys(settings).length > 0 };
  for (const [name, isGiven] of Object.entries(given))
    if (isGiven)
      errors.push(
        `database.${name}: is for a database of the stack's own, and database.external names another server. Remove one of the two.`,
      );
  return errors;
}

/** Only the default version's image is pinned here; what `debian` has of another version, no digest says. */
function imageErrors({ packages, database: { image, version } }: Config): string[] {
  const { database: pinned } = application;
  if (packages !== "nixpkgs" || version === pinned.version || image.digest !== pinned.image.digest) return [];
  return [
    `database.image: is missing for PostgreSQL ${version}. Give the name, digest and hash of an image of it (docs/postgresql-major.md).`,
  ];
}

/**
 * Variables of the back are in the state, in arguments of programs and in `docker inspect`, settings in the arguments
 * of the server: neither may be a secret. The gateway's key has to be one.
 */
function secretErrors({ back, database, gateway }: Config, { secrets, file }: Surroundings): string[] {
  const isSecret = (key: string) => secrets.includes(`${NAMESPACE}:${key}`);
  const errors = (isSecret("back") ? secretsOf(file).variables : [])
    .filter((name) => Object.hasOwn(back.env, name))
    .map(
      (name) =>
        `${dotted(["back", "env", name])}: ${NOT_SHOWN} is a secret, which a container's environment does not keep. Give it by back.properties or back.files, or without --secret.`,
    );
  if (gateway.key !== undefined && (!isSecret("gateway") || secretsOf(file).plainKey))
    errors.push(
      `gateway.key: ${NOT_SHOWN} is not a secret, and would be stored as it is. Set it with --secret: \`pulumi config set --secret --path ${NAMESPACE}:gateway.key < key.pem\`.`,
    );
  if (isSecret("database") && Object.keys(database.settings).length > 0)
    errors.push(
      `database: ${NOT_SHOWN} is a secret, which arguments of a server do not keep. Set it without --secret; no setting may hold a password.`,
    );
  return errors;
}

/** Placeholders that nothing fills in, and those of the database in the public front. */
function placeholderErrors(config: Config): string[] {
  const inBack = Object.entries(config.back.properties).map(([key, text]) => [
    ["back", "properties", key],
    text,
  ]);
  const inFront = Object.entries(config.front.files).flatMap(([key, content]) =>
    "text" in content ? [[["front", "files", key, "text"], content.text]] : [],
  );
  return ([...inBack, ...inFront] as [string[], string][]).flatMap(([path, text]) =>
    [...new Set(placeholdersIn(text))].flatMap((name) => {
      const problem = misplaced(config, name, path[0] === "front");
      return problem === undefined ? [] : [`${dotted(path)}: \${${name}} ${problem}`];
    }),
  );
}

/** What is wrong with a placeholder, if anything is. */
function misplaced({ gateway, ...config }: Config, name: string, isPublic: boolean): string | undefined {
  const isDatabase = (DATABASE as readonly string[]).includes(name);
  if (isPublic && isDatabase) return "is the database's, and the front is public. Remove it.";
  if (Object.hasOwn(PUBLISHED, name)) {
    const service = PUBLISHED[name as keyof typeof PUBLISHED];
    const atDomain = gateway.domain !== undefined && name !== "backPort";
    return config[service].publish === false && !atDomain
      ? `is where the ${service} is published, and ${service}.publish is false. Publish it, or write the address that browsers use.`
      : undefined;
  }
  // A typo: left as it is, the back would only fail at its start. Other names are the back's own.
  const meant = isPublic || isDatabase ? undefined : didYouMean(name, [...DATABASE]);
  return meant && `is filled in by nothing. Did you mean \${${meant}}?`;
}

/** What is published cannot share one port of one address. */
function portErrors(config: Config): string[] {
  const sitePorts = config.gateway.domain === undefined ? [] : SITE_PORTS;
  const taken = sitePorts.map((port) => ({ key: "gateway.domain", address: "0.0.0.0", port }));
  const errors: string[] = [];
  for (const service of ["back", "front", "database"] as const) {
    const published = config[service].publish;
    if (published === false) continue;
    const key = `${service}.publish.port`;
    const { address, port } = published;
    const other = taken.find((one) => one.port === port && overlap(one.address, address));
    if (other !== undefined)
      errors.push(
        `${key}: ${port} is taken by ${NAMESPACE}:${other.key} already. Choose another port${SITE_PORTS.includes(port) ? "" : " for one of the two"}.`,
      );
    taken.push({ key, address, port });
  }
  return errors;
}

/** What the configuration names in this project must be there before anything is deployed. */
function fileErrors({ back, front, backups }: Config, { exists }: Surroundings): string[] {
  const errors: string[] = [];
  const need = (key: string, path: string, fix: string) => {
    if (!exists(path)) errors.push(`${key}: ${quoted(path)} does not exist. ${fix}`);
  };
  const built = (key: string, what: string) =>
    `Build it first (npm run sample), or point ${key} at your ${what}.`;
  // What a pinned image was made of need not be there any more.
  if (back.pin === undefined) {
    need("back.jar", back.jar, built("back.jar", "jar"));
    need("back.migrations", back.migrations, "Point back.migrations at the folder of your V*.sql files.");
  }
  if (front.pin === undefined) need("front.dist", front.dist, built("front.dist", "front end's build"));
  // Made by this program, it could fill another disk than the one that was to be mounted.
  if (backups.to !== undefined && !backups.to.startsWith("ssh://"))
    need("backups.to", backups.to, "Mount or make the folder.");
  for (const [service, { files }] of Object.entries({ back, front }))
    for (const [path, content] of Object.entries(files))
      if ("file" in content)
        need(dotted([service, "files", path]), content.file, "Name a file that is there, or give its text.");
  return errors;
}
