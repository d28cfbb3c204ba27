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
  provider: ProviderArgs;
}

interface ProviderArgs {
  host?: string;
  context: string;
  certPath?: string;
}

/** Where docker's daemon listens by default. */
const DEFAULT_ADDRESS = "unix:///var/run/docker.sock";

/** The endpoint of a docker context. */
export interface Context {
  host: string;
  /** Folder with its ca.pem, cert.pem and key.pem; empty if it uses no TLS. */
  certPath: string;
}

/**
 * Takes the first of these, as docker's client does: `agatha:dockerHost`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the context that
 * `docker context use` chose, the default.
 *
 * @param configured `agatha:dockerHost`.
 * @param inspect Gives a context. Default: by `docker context inspect`.
 * @throws UserError if a context is unknown, or if the TLS settings are incomplete.
 */
export async function resolveDockerHost(
  configured: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  inspect: (name: string) => Promise<Context> = inspectContext,
): Promise<DockerHost> {
  const named = configured ?? (env["DOCKER_HOST"] || undefined);
  if (configured === undefined && named === DEFAULT_ADDRESS) return byDefault();
  if (named !== undefined) {
    const folder = tlsFolder(named, env);
    const certPath = folder !== "" && folder === env["DOCKER_CERT_PATH"] ? undefined : folder;
    return described(named, certPath, configured === undefined ? {} : { DOCKER_HOST: named });
  }
  const context = env["DOCKER_CONTEXT"] || currentContext(configFolder(env));
  if (context === "" || context === "default") return byDefault();
  const { host, certPath } = await inspect(context);
  return described(host, certPath, {});
}

/** Docker's default, which the provider finds by itself. */
function byDefault(): DockerHost {
  const { host: _, ...provider } = described(DEFAULT_ADDRESS, "", {}).provider;
  return { address: DEFAULT_ADDRESS, env: {}, provider };
}

const described = (
  address: string,
  certPath: string | undefined,
  env: Record<string, string>,
): DockerHost => ({
  address,
  env,
  provider: { host: address, context: "", ...(certPath === undefined ? {} : { certPath }) },
});

/** Whether the docker plugin connects to its host when it is configured: it does unless that is behind ssh (pulumi-docker 5.1.0, provider/image.go). */
const isPinged = ({ address }: Pick<DockerHost, "address">): boolean => !address.startsWith("ssh://");

/**
 * The provider's arguments in a preview whose docker host does not answer. A plugin that connects to its host would fail,
 * although a preview needs nothing from the plugin.
 *
 * @returns Its arguments, and those to keep as they are in the state.
 */
export const unreachedProvider = (host: DockerHost): [ProviderArgs, string[]] =>
  isPinged(host)
    ? [{ host: UNREACHED, context: "", certPath: "" }, []]
    : [host.provider, ["host", "context", "certPath"]];

/** The note of such a preview. */
export const unreachedNote = (host: Pick<DockerHost, "address">): string =>
  `This preview is made without it${
    isPinged(host) ? `, and shows the host ${UNREACHED} of the provider "docker": no update does that` : ""
  }.`;

/** A host that nothing connects to; people read its name in a diff. */
const UNREACHED = "ssh://not-reached.invalid";

/** Whether the daemon runs on this machine. */
export const isLocal = ({ address }: Pick<DockerHost, "address">): boolean => address.startsWith("unix://");

/** Where ports that are published on every address are reached: the host's name, or `localhost`. */
export function reachedAt({ address }: Pick<DockerHost, "address">): string {
  if (!/^(ssh|tcp):/.test(address)) return "localhost";
  // Only for a scheme that URL knows are names and addresses checked.
  return new URL(address.replace(/^\w+:/, "http:")).hostname;
}

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
  if (folder)
    throw new UserError(
      `DOCKER_CERT_PATH: "${folder}" is given without DOCKER_TLS_VERIFY. Set DOCKER_TLS_VERIFY=1 too, or neither.`,
    );
  return "";
}

/** Where docker's client keeps its settings. */
const configFolder = (env: NodeJS.ProcessEnv): string =>
  env["DOCKER_CONFIG"] || join(env["HOME"] ?? homedir(), ".docker");

/** The context that `docker context use` chose; empty if it chose none. */
function currentContext(folder: string): string {
  try {
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as {
      currentContext?: string;
    };
    return config.currentContext ?? "";
  } catch {
    return "";
  }
}

async function inspectContext(name: string): Promise<Context> {
  const args = ["context", "inspect", "--format", "{{json .}}", name];
  const { code, stdout } = await run("docker", args, { optional: true });
  if (code === 0) return readContext(stdout);
  throw new UserError(
    `docker: "${name}" is not a context that docker knows. \`docker context ls\` lists them; choose one by \`docker context use\` or DOCKER_CONTEXT.`,
  );
}

/** Reads what `docker context inspect --format '{{json .}}'` prints. */
export function readContext(text: string): Context {
  const context = JSON.parse(text) as {
    Endpoints?: { docker?: { Host?: string } };
    TLSMaterial?: { docker?: string[] };
    Storage?: { TLSPath?: string };
  };
  const tls = (context.TLSMaterial?.docker ?? []).length > 0;
  return {
    host: context.Endpoints?.docker?.Host || DEFAULT_ADDRESS,
    certPath: tls ? join(context.Storage?.TLSPath ?? "", "docker") : "",
  };
}
