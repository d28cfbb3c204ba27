/** What is wrong with a configuration although each of its keys is right by itself. */
import application from "../../nix/application.json" with { type: "json" };
import { didYouMean } from "../didYouMean.ts";
import { overlap } from "../docker/ports.ts";
import { certificateErrors } from "./certificate.ts";
import { NOT_SHOWN } from "./errors.ts";
import { DATABASE, PUBLISHED, placeholdersIn } from "./placeholders.ts";
import type { Config, Parsed } from "./schema.ts";
import { plainKey, secretVariables } from "./stackFileTexts.ts";
import { dotted, NAMESPACE, quoted } from "./text.ts";

/** Ports of the domain, for HTTPS and for what is sent there from HTTP. */
export const SITE_PORTS = [443, 80];

/** @param exists Tells whether a path, relative to the project, exists. */
export const crossErrors = (config: Config, exists: (path: string) => boolean): string[] => [
  ...registryErrors(config),
  ...targetErrors(config),
  ...externalErrors(config),
  ...portErrors(config),
  ...certificateErrors(config),
  ...placeholderErrors(config),
  ...fileErrors(config, exists),
];

/** A login is a name and a password. */
function registryErrors({ registry }: Config): string[] {
  const { username, password } = registry ?? {};
  if ((username === undefined) === (password === undefined)) return [];
  return username === undefined
    ? [`${NAMESPACE}:registry.username: is missing beside registry.password. Name the user that logs in.`]
    : [
        `${NAMESPACE}:registry.password: is missing beside registry.username. Set it: \`pulumi config set --secret --path ${NAMESPACE}:registry.password\`.`,
      ];
}

/** Several tasks, and nodes to choose from, are a swarm's. */
function targetErrors({ target, back, front }: Config): string[] {
  if (target === "swarm")
    return back.replicas === 1 || back.overlap
      ? []
      : [
          `${NAMESPACE}:back.replicas: ${back.replicas} would run side by side, and back.overlap is false. Set it to 1, or back.overlap to true.`,
        ];
  const only = (key: string, what: string) =>
    `${NAMESPACE}:${key}: ${what} with target docker, which is one host. Remove it, or set ${NAMESPACE}:target to swarm (docs/scale.md).`;
  return Object.entries({ back, front }).flatMap(([name, { replicas, placement }]) => [
    ...(replicas === 1 ? [] : [only(`${name}.replicas`, `${replicas} cannot be had`)]),
    ...(Object.keys(placement).length === 0 ? [] : [only(`${name}.placement`, "chooses no node")]),
  ]);
}

/** What is verified needs an authority; what a server outside of the stack has, whoever runs it sets. */
function externalErrors({ database: { external, publish, settings } }: Config): string[] {
  if (external === undefined) return [];
  const { tls, ca } = external;
  const key = `${NAMESPACE}:database`;
  const errors: string[] = [];
  if (tls.startsWith("verify") && ca === undefined)
    errors.push(
      `${key}.external.ca: is missing for tls ${tls}. Set the certificate of the authority that signs the server's: \`pulumi config set --path ${key}.external.ca < ca.pem\`.`,
    );
  if (!tls.startsWith("verify") && ca !== undefined)
    errors.push(
      `${key}.external.ca: ${NOT_SHOWN} verifies nothing with tls ${tls}. Set ${key}.external.tls to verify-full, or remove it.`,
    );
  for (const [name, given] of [
    ["publish", publish !== false],
    ["settings", Object.keys(settings).length > 0],
  ] as const)
    if (given)
      errors.push(
        `${key}.${name}: is for a database of the stack's own, and database.external names another server. Remove one of the two.`,
      );
  return errors;
}

/** Only the default version's image is pinned here: for another one it has to be configured. */
export function imageErrors({ packages, database: { image, version } }: Parsed): string[] {
  if (packages !== "nixpkgs" || version === application.database.version || image !== undefined) return [];
  return [
    `${NAMESPACE}:database.image: is missing for PostgreSQL ${version}. Give the name, digest and hash of an image of it (docs/postgresql-major.md).`,
  ];
}

/**
 * Variables of the back are in the state, in arguments of programs and in `docker inspect`, settings in the arguments
 * of the server: neither may be a secret. The gateway's key has to be one.
 *
 * @param secrets The top-level keys that Pulumi keeps as secrets.
 * @param file The text of the stack's file. Of `agatha:back` with a secret in it, nothing else tells which of its values
 * are secret.
 */
export function secretErrors({ back, database, gateway }: Config, secrets: string[], file: string): string[] {
  const secretEnv = secrets.includes(`${NAMESPACE}:back`) ? secretVariables(file) : [];
  const errors = Object.keys(back.env)
    .filter((name) => secretEnv.includes(name))
    .map(
      (name) =>
        `${NAMESPACE}:${dotted(["back", "env", name])}: ${NOT_SHOWN} is a secret, which a container's environment does not keep. Give it by back.properties or back.files, or without --secret.`,
    );
  if (gateway.key !== undefined && (!secrets.includes(`${NAMESPACE}:gateway`) || plainKey(file)))
    errors.push(
      `${NAMESPACE}:gateway.key: ${NOT_SHOWN} is not a secret, and would be stored as it is. Set it with --secret: \`pulumi config set --secret --path ${NAMESPACE}:gateway.key < key.pem\`.`,
    );
  const key = `${NAMESPACE}:database`;
  if (secrets.includes(key) && Object.keys(database.settings).length > 0)
    errors.push(
      `${key}: ${NOT_SHOWN} is a secret, which arguments of a server do not keep. Set it without --secret; no setting may hold a password.`,
    );
  return errors;
}

/** Placeholders that nothing fills in, and those of the database in the public front. */
function placeholderErrors(config: Config): string[] {
  const { back, front } = config;
  const texts = [
    ...Object.entries(back.properties).map(([key, text]) => ({ path: ["back", "properties", key], text })),
    ...Object.entries(front.files).flatMap(([key, content]) =>
      "text" in content ? { path: ["front", "files", key, "text"], text: content.text } : [],
    ),
  ];
  return texts.flatMap(({ path, text }) => {
    const problem = (name: string): string | undefined => {
      const known: readonly string[] = DATABASE;
      if (path[0] === "front" && known.includes(name))
        return "is the database's, and the front is public. Remove it.";
      if (Object.hasOwn(PUBLISHED, name)) {
        const service = PUBLISHED[name as keyof typeof PUBLISHED];
        const atDomain = config.gateway.domain !== undefined && name !== "backPort";
        return config[service].publish === false && !atDomain
          ? `is where the ${service} is published, and ${service}.publish is false. Publish it, or write the address that browsers use.`
          : undefined;
      }
      // A typo: left as it is, the back would only fail at its start. Other names are the back's own.
      const meant = path[0] === "back" && !known.includes(name) && didYouMean(name, [...known]);
      return meant ? `is filled in by nothing. Did you mean \${${meant}}?` : undefined;
    };
    return [...new Set(placeholdersIn(text))].flatMap((name) => {
      const found = problem(name);
      return found === undefined ? [] : [`${NAMESPACE}:${dotted(path)}: \${${name}} ${found}`];
    });
  });
}

/** What is published cannot share one port of one address. */
function portErrors(config: Config): string[] {
  const taken: { key: string; address: string; port: number }[] = [];
  const errors: string[] = [];
  if (config.gateway.domain !== undefined)
    for (const port of SITE_PORTS)
      taken.push({ key: `${NAMESPACE}:gateway.domain`, address: "0.0.0.0", port });
  for (const service of ["back", "front", "database"] as const) {
    const published = config[service].publish;
    if (published === false) continue;
    const key = `${NAMESPACE}:${service}.publish.port`;
    const { address, port } = published;
    const other = taken.find((one) => one.port === port && overlap(one.address, address));
    if (other !== undefined)
      errors.push(
        `${key}: ${port} is taken by ${other.key} already. Choose another port${SITE_PORTS.includes(port) ? "" : " for one of the two"}.`,
      );
    taken.push({ key, address, port });
  }
  return errors;
}

/** What the configuration names in this project must be there before anything is deployed. */
function fileErrors({ back, front, backups }: Config, exists: (path: string) => boolean): string[] {
  const errors: string[] = [];
  const need = (key: string, path: string, fix: string) => {
    if (!exists(path)) errors.push(`${NAMESPACE}:${key}: ${quoted(path)} does not exist. ${fix}`);
  };
  // What a pinned image was made of need not be there any more.
  if (back.pin === undefined) {
    need("back.jar", back.jar, "Build it first (npm run sample), or point back.jar at your jar.");
    need("back.migrations", back.migrations, "Point back.migrations at the folder of your V*.sql files.");
  }
  if (front.pin === undefined)
    need(
      "front.dist",
      front.dist,
      "Build it first (npm run sample), or point front.dist at your front end's build.",
    );
  // Made by this program, it could fill another disk than the one that was to be mounted.
  if (backups.to !== undefined && !backups.to.startsWith("ssh://"))
    need("backups.to", backups.to, "Mount or make the folder.");
  for (const [service, { files }] of Object.entries({ back, front }))
    for (const [path, content] of Object.entries(files))
      if ("file" in content)
        need(dotted([service, "files", path]), content.file, "Name a file that is there, or give its text.");
  return errors;
}
