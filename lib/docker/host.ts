/** Which docker host a stack is brought up on: resolved once, for the provider and for every docker command. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";

/** A docker host, and how it is reached. */
export interface DockerHost {
  /** `unix://…`, `ssh://…` or `tcp://…`. */
  address: string;
  /** Environment variables that a docker command needs on top of this process's. */
  env: Record<string, string>;
  /**
   * The docker provider's arguments. The provider also reads the environment, in an order of its own; an empty text
   * prevents that. `certPath` is missing if the provider finds it in DOCKER_CERT_PATH, so that no path of this machine is
   * in the state. `host` is missing if nobody named one.
   */
  provider: { host?: string; context: string; certPath?: string };
}

/** Where docker's daemon listens by default. The provider finds it by itself. */
const DEFAULT_ADDRESS = "unix:///var/run/docker.sock";
const BY_DEFAULT = { address: DEFAULT_ADDRESS, env: {}, provider: { context: "", certPath: "" } };

/**
 * Takes the first of these, as docker's client does: `agatha:dockerHost`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the context that
 * `docker context use` chose, the default.
 *
 * @param configured `agatha:dockerHost`.
 * @throws UserError if a context is unknown, or if the TLS settings are incomplete.
 */
export async function resolveDockerHost(
  configured: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<DockerHost> {
  const named = configured ?? (env["DOCKER_HOST"] || undefined);
  if (named === undefined) return hostOf(env["DOCKER_CONTEXT"] || currentContext(configFolder(env)));
  if (configured === undefined && named === DEFAULT_ADDRESS) return BY_DEFAULT;
  const folder = tlsFolder(named, env);
  const isFound = folder !== "" && folder === env["DOCKER_CERT_PATH"];
  return {
    address: named,
    env: configured === undefined ? {} : { DOCKER_HOST: named },
    provider: { host: named, context: "", ...(isFound ? {} : { certPath: folder }) },
  };
}

/** A host that nothing connects to; people read its name in a diff. */
const UNREACHED = "ssh://not-reached.invalid";

/**
 * For a preview whose docker host does not answer: the provider's arguments, those to keep as they are in the state, and the
 * preview's note. The plugin connects to a host when it is configured, unless that is behind ssh (pulumi-docker 5.1.0,
 * provider/image.go): it would fail, although a preview needs nothing from it.
 */
export function unreached({ address, provider }: DockerHost) {
  const note = "This preview is made without it";
  if (address.startsWith("ssh://"))
    return { provider, ignoreChanges: ["host", "context", "certPath"], note: `${note}.` };
  return {
    provider: { host: UNREACHED, context: "", certPath: "" },
    ignoreChanges: [],
    note: `${note}, and shows the host ${UNREACHED} of the provider "docker": no update does that.`,
  };
}

/** Whether the daemon runs on this machine. */
export const isLocal = ({ address }: Pick<DockerHost, "address">): boolean => address.startsWith("unix://");

/** Where ports that are published on every address are reached: the host's name, or `localhost`. */
export const reachedAt = ({ address }: Pick<DockerHost, "address">): string =>
  // Only for a scheme that URL knows are names and addresses checked.
  /^(ssh|tcp):/.test(address) ? new URL(address.replace(/^\w+:/, "http:")).hostname : "localhost";

/** `address:port` of a published port, for a URL; every interface is reached by the host's name. */
export function addressOf(
  { address, port }: { address: string; port: number },
  host: Pick<DockerHost, "address">,
): string {
  const name = address === "0.0.0.0" || address === "::" ? reachedAt(host) : address;
  return `${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`;
}

/** Docker's client uses TLS if DOCKER_TLS_VERIFY is set, the provider if it has a folder. */
function tlsFolder(address: string, env: NodeJS.ProcessEnv): string {
  const folder = env["DOCKER_CERT_PATH"];
  if (!address.startsWith("tcp://")) return "";
  if (env["DOCKER_TLS_VERIFY"]) return folder || configFolder(env);
  if (!folder) return "";
  throw new UserError(
    `DOCKER_CERT_PATH: "${folder}" is given without DOCKER_TLS_VERIFY. Set DOCKER_TLS_VERIFY=1 too, or neither.`,
  );
}

/** Where docker's client keeps its settings. */
const configFolder = (env: NodeJS.ProcessEnv): string =>
  env["DOCKER_CONFIG"] || join(env["HOME"] ?? homedir(), ".docker");

/** The context that `docker context use` chose; empty if it chose none. */
function currentContext(folder: string): string {
  try {
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    return (config as { currentContext?: string }).currentContext ?? "";
  } catch {
    return "";
  }
}

/** The host of a docker context. */
async function hostOf(context: string): Promise<DockerHost> {
  if (context === "" || context === "default") return BY_DEFAULT;
  const args = ["context", "inspect", "--format", "{{json .}}", context];
  const { code, stdout } = await run("docker", args, { optional: true });
  if (code !== 0)
    throw new UserError(
      `docker: "${context}" is not a context that docker knows. \`docker context ls\` lists them; choose one by \`docker context use\` or DOCKER_CONTEXT.`,
    );
  const { Endpoints, TLSMaterial, Storage } = JSON.parse(stdout) as {
    Endpoints?: { docker?: { Host?: string } };
    TLSMaterial?: { docker?: string[] };
    Storage?: { TLSPath?: string };
  };
  const host = Endpoints?.docker?.Host || DEFAULT_ADDRESS;
  // The folder with its ca.pem, cert.pem and key.pem.
  const certPath = TLSMaterial?.docker?.length ? join(Storage?.TLSPath ?? "", "docker") : "";
  return { address: host, env: {}, provider: { host, context: "", certPath } };
}
