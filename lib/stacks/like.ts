/** A new stack's configuration made like another's, with ports, docker host and password of its own. */
import { readFileSync, statSync } from "node:fs";
import { collect, fromText, type Values } from "../config/collect.ts";
import { dotted, NAMESPACE, quoted } from "../config/text.ts";
import { reachedAt } from "../docker/host.ts";
import { UserError } from "../userError.ts";
import {
  dockerHostOf,
  externalOf,
  fileOf,
  HOST_KEY,
  isSecret,
  type Ports,
  publishedBy,
  SAMPLE_FILES,
  textsOf,
} from "./file.ts";

interface Like {
  /** Without any secret. */
  config: Values;
  /** The keys to set anew, as `--path` takes them: the model's secrets are encrypted for its stack alone. */
  secrets: string[];
  warnings: string[];
}

/** Not copied, and of other keys not all: a domain leads to one stack, and a second one would migrate the same database. */
const ITS_OWN = ["agatha:databasePassword", "agatha:backups"];
const ITS_OWN_IN = new Map([
  ["agatha:gateway", ["domain", "certificate", "key"]],
  ["agatha:database", ["external"]],
]);

/**
 * Takes over what is not the model's alone. A database that the model publishes is not published.
 *
 * @param like The stack whose file is the model.
 * @param dockerHost Default: the model's.
 * @throws UserError if its front's files name its own address, or if it has flat keys.
 */
export function configLike(like: string, model: Values, ports: Ports, dockerHost: string | undefined): Like {
  const errors: string[] = [];
  collect(textsOf(model), NAMESPACE, errors, ["--stack", like]);
  const secrets: string[] = [];
  const warnings: string[] = [];
  const config: Values = {};
  for (const [key, value] of Object.entries(model)) {
    if (ITS_OWN.includes(key)) continue;
    const [, namespace, name = ""] = /^([^:]*):(.*)$/s.exec(key) ?? [];
    const plain = namespace === NAMESPACE && typeof value === "string" ? fromText(name, value) : value;
    const root = name.includes(".") ? `${namespace}:[${JSON.stringify(name)}]` : key;
    if (isSecret(plain)) secrets.push(root);
    else config[key] = withoutSecrets(plain, root, secrets, ITS_OWN_IN.get(key));
  }
  if (isSecret(model["agatha:database"]))
    errors.push(
      `${fileOf(like)}: agatha:database is one secret, so whether it names a server outside of the stack (external) is not known. Write it as a map, without --secret.`,
    );
  if (externalOf(model) !== undefined)
    warnings.push(
      `${fileOf(like)}: agatha:database.external is not copied: the new stack has a database of its own. Where texts of the back ask for TLS (sslmode), change them in the new stack's file.`,
    );
  for (const { path, address, service } of ownAddresses(model, config)) {
    const where = `${fileOf(like)}: ${NAMESPACE}:${dotted(path)}: ${quoted(address)} is the ${service} of stack ${like}`;
    const placeholders =
      service === "back" ? "${backPort} for the port, or ${backUrl}" : "${frontUrl} for the address";
    if (path[0] === "front")
      errors.push(
        `${where}, in the new stack's front. Write ${placeholders}: on ${like} that is the same address.`,
      );
    else
      warnings.push(
        `${where}, and is copied as it is. ${path[1] === "properties" ? `Write ${placeholders}.` : "Change it in the new stack's file."}`,
      );
  }
  if (errors.length > 0) throw new UserError(errors.map((error) => `--like: ${error}`).join("\n"));
  if (dockerHost !== undefined) config[HOST_KEY] = dockerHost;
  for (const service of ["back", "front"] as const)
    if (publishedBy(model, service) !== undefined)
      below(below(config, `agatha:${service}`), "publish")["port"] = ports[service];
  if (publishedBy(model, "database") !== undefined) below(config, "agatha:database")["publish"] = false;
  const front = below(config, "agatha:front");
  if (front["dist"] === undefined) front["files"] ??= SAMPLE_FILES;
  return { config, secrets, warnings };
}

/** The object at a name, made if there is none. */
function below(parent: Values, name: string): Values {
  const there = parent[name];
  parent[name] = typeof there === "object" && there !== null ? there : {};
  return parent[name] as Values;
}

/** A copy without secrets, whose keys are noted, and without what is omitted; in a list an empty text keeps a secret's place. */
function withoutSecrets(value: unknown, at: string, secrets: string[], omitted: string[] = []): unknown {
  if (typeof value !== "object" || value === null) return value;
  const isList = Array.isArray(value);
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    if (omitted.includes(name)) return [];
    const place = `${at}[${isList ? name : JSON.stringify(name)}]`;
    if (!isSecret(inner)) return [[name, withoutSecrets(inner, place, secrets)] as const];
    secrets.push(place);
    return isList ? [[name, ""] as const] : [];
  });
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

/**
 * Where texts name an address of the model's own back or front: a port of `localhost`, of its docker host, or of
 * `location.hostname` in a script. The same port of another host is another program's.
 */
function ownAddresses(model: Values, config: Values) {
  const hosts = ["localhost", "127.0.0.1", "[::1]", reachedAt({ address: dockerHostOf(model) ?? "" })];
  const names = hosts.map((host) => host.replace(/[.[\]]/g, "\\$&")).join("|");
  const address = new RegExp(
    `(?<![\\w.-])(?:${names}|location\\.hostname(?:\\}|\\s*\\+\\s*["'\`])):(\\d{1,5})(?!\\d)`,
    "g",
  );
  return (["back", "front", "database"] as const).flatMap((group) =>
    textsIn(config[`agatha:${group}`], [group]).flatMap(([path, text]) =>
      [...text.matchAll(address)].flatMap(([found, port]) => {
        const isPublished = (service: "back" | "front") => publishedBy(model, service) === Number(port);
        const service = (["back", "front"] as const).find(isPublished);
        return service === undefined ? [] : [{ path, address: found, service }];
      }),
    ),
  );
}

/** The texts in a value, and those in the project's files that are laid over the front. */
function textsIn(value: unknown, path: string[]): [path: string[], text: string][] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, [...path, name]));
  if (typeof value !== "string") return [];
  const isFile = path[0] === "front" && path[1] === "files" && path.at(-1) === "file";
  const content = isFile && statSync(value, { throwIfNoEntry: false })?.isFile();
  return [[path, content ? readFileSync(value, "utf8") : value]];
}
