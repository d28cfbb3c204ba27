/** What is wrong with a configuration although each of its keys is right by itself. */

import application from "../../nix/application.json" with { type: "json" };
import { overlap } from "../docker/ports.ts";
import { didYouMean } from "./errors.ts";
import type { Config, Parsed } from "./schema.ts";
import { dotted, NAMESPACE, quoted } from "./text.ts";

/** A login is a name and a password. */
export function registryErrors({ registry }: Config): string[] {
  if (registry === undefined || (registry.username === undefined) === (registry.password === undefined))
    return [];
  return registry.username === undefined
    ? [`${NAMESPACE}:registry.username: is missing beside registry.password. Name the user that logs in.`]
    : [
        `${NAMESPACE}:registry.password: is missing beside registry.username. Set it: \`pulumi config set --secret --path ${NAMESPACE}:registry.password\`.`,
      ];
}

/** Only the default version's image is pinned here: of another one, somebody has to say which image it is. */
export function imageErrors({ packages, database: { image, version } }: Parsed): string[] {
  if (packages !== "nixpkgs" || version === application.database.version || image !== undefined) return [];
  return [
    `${NAMESPACE}:database.image: is missing for PostgreSQL ${version}. Give the name, digest and hash of an image of it (docs/postgresql-major.md).`,
  ];
}

/** What is filled into the values of `back.properties`, written `${databaseHost}`. */
export const PLACEHOLDERS = [
  "databaseHost",
  "databasePort",
  "databaseName",
  "databaseUser",
  "databasePassword",
] as const;

/** A slip in a placeholder: left as it is, the back would only fail at its start. Others are the back's own. */
export function placeholderErrors({ back }: Config): string[] {
  return Object.entries(back.properties).flatMap(([key, value]) =>
    [...value.matchAll(/\$\{(\w+)\}/g)].flatMap(([, name = ""]) => {
      const meant = didYouMean(name, [...PLACEHOLDERS]);
      if (meant === undefined || meant === name) return [];
      const where = dotted(["back", "properties", key]);
      return [`${NAMESPACE}:${where}: \${${name}} is filled in by nothing. Did you mean \${${meant}}?`];
    }),
  );
}

/** Two services cannot be published on one port of one address. */
export function portErrors(config: Config): string[] {
  const taken: { key: string; address: string; port: number }[] = [];
  const errors: string[] = [];
  for (const service of ["back", "front", "database"] as const) {
    const published = config[service].publish;
    if (published === false) continue;
    const key = `${NAMESPACE}:${service}.publish.port`;
    const { address, port } = published;
    const other = taken.find((one) => one.port === port && overlap(one.address, address));
    if (other !== undefined)
      errors.push(
        `${key}: ${port} is taken by ${other.key} already. Choose another port for one of the two.`,
      );
    taken.push({ key, address, port });
  }
  return errors;
}

/** What the configuration names in this project must be there before anything is deployed. */
export function fileErrors(config: Config, exists: (path: string) => boolean): string[] {
  const errors: string[] = [];
  const need = (key: string, path: string, fix: string) => {
    if (!exists(path)) errors.push(`${NAMESPACE}:${key}: ${quoted(path)} does not exist. ${fix}`);
  };
  // What a pinned image was made of need not be there any more.
  const { jar, migrations, pin } = config.back;
  if (pin === undefined) {
    need("back.jar", jar, "Build it first (npm run sample), or point back.jar at your jar.");
    need("back.migrations", migrations, "Point back.migrations at the folder of your V*.sql files.");
  }
  if (config.front.pin === undefined)
    need(
      "front.dist",
      config.front.dist,
      "Build it first (npm run sample), or point front.dist at your front end's build.",
    );
  // Made by this program, it could fill another disk than the one that was to be mounted.
  if (config.backups.to !== undefined && !config.backups.to.startsWith("ssh://"))
    need("backups.to", config.backups.to, "Mount or make the folder.");
  for (const service of ["back", "front"] as const)
    for (const [path, content] of Object.entries(config[service].files))
      if ("file" in content)
        need(dotted([service, "files", path]), content.file, "Name a file that is there, or give its text.");
  return errors;
}
