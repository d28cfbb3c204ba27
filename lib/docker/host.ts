/** Which docker host a stack is brought up on: found once, for the provider and every docker command alike. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../userError.ts";

/** A docker host, and what reaches it. */
export interface DockerHost {
  /** `unix://…`, `ssh://…` or `tcp://…`. */
  address: string;
  /** What a docker command needs in its environment beside this process' own. */
  env: Record<string, string>;
  /**
   * What the docker provider is told. It looks into the environment by itself too, in an order of its own: an empty text
   * keeps it from that. `certPath` is left out where it finds DOCKER_CERT_PATH: a path of this machine's is not in the state.
   * `host` is left out where nobody named one.
   */
  provider: ProviderArgs;
}

interface ProviderArgs {
  host?: string;
  context: string;
  certPath?: string;
}

/** Where docker's daemon listens, unless it was told otherwise. */
const DEFAULT_ADDRESS = "unix:///var/run/docker.sock";

/** What `docker context inspect` tells of a context's endpoint. */
export interface Context {
  host: string;
  /** Folder with its ca.pem, cert.pem and key.pem; empty where it uses no TLS. */
  certPath: string;
}

/**
 * Looks where docker's own client looks, in its order: `agatha:dockerHost`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the context
 * that `docker context use` chose, the default.
 *
 * @param configured `agatha:dockerHost`.
 * @param inspect Asks docker for a context. Default: `docker context inspect`.
 * @throws UserError where a context is unknown, or where only half of the TLS settings are given.
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

/** Docker's default, unless the environment says otherwise: to the provider too. */
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

/** Whether the official docker plugin asks its host when it is configured: unless that is behind ssh (pulumi-docker 5.1.0, provider/image.go). */
const isPinged = ({ address }: Pick<DockerHost, "address">): boolean => !address.startsWith("ssh://");

/**
 * What the provider of a preview is told whose docker host does not answer: a plugin that asks it would fail, though a
 * preview asks nothing of the plugin.
 *
 * @returns Its arguments, and those to leave as they are in the state.
 */
export const unreachedProvider = (host: DockerHost): [ProviderArgs, string[]] =>
  isPinged(host)
    ? [{ host: UNREACHED, context: "", certPath: "" }, []]
    : [host.provider, ["host", "context", "certPath"]];

/** What such a preview says of itself. */
export const unreachedNote = (host: Pick<DockerHost, "address">): string =>
  `This preview is made without it${
    isPinged(host) ? `, and shows the host ${UNREACHED} of the provider "docker": no update does that` : ""
  }.`;

/** A host that is never asked; the name is what somebody reads in a diff. */
const UNREACHED = "ssh://not-reached.invalid";

/** Whether the daemon is this machine's own. */
export const isLocal = ({ address }: Pick<DockerHost, "address">): boolean => address.startsWith("unix://");

/** The name by which ports that are published on every address are reached: the host's, or `localhost`. */
export function reachedAt({ address }: Pick<DockerHost, "address">): string {
  if (!/^(ssh|tcp):/.test(address)) return "localhost";
  // As a special scheme it is held to the rules for names and addresses.
  return new URL(address.replace(/^\w+:/, "http:")).hostname;
}

/** Docker's client speaks TLS where DOCKER_TLS_VERIFY says so, the provider where it is given a folder. */
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

/** The context that `docker context use` chose; empty where it chose none. */
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

function inspectContext(name: string): Promise<Context> {
  return new Promise((resolve, reject) => {
    execFile("docker", ["context", "inspect", "--format", "{{json .}}", name], (error, stdout) => {
      if (error !== null)
        reject(
          new UserError(
            `docker: "${name}" is not a context that docker knows. \`docker context ls\` lists them; choose one by \`docker context use\` or DOCKER_CONTEXT.`,
          ),
        );
      else resolve(readContext(stdout));
    });
  });
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
