/** Runs the executor's image like Pulumi Cloud Deployments: a container, a clone, commands one by one. */
import { globSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Ended, execute, well } from "./host.ts";
import type { Scratch } from "./scratch.ts";

/** The user of the image. */
const UID = 1000;

/** Where the runner puts the clone. */
const CLONE = "/deployment";

/** This machine's CA certificates, since only they may cover its registry. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** What builds of the debian set use from the machine, and what Nix reads for their hashes. */
const HOST_SET = ["/usr", "/bin", "/lib", "/lib64", "/etc/alternatives", "/var/lib/dpkg"];

export class Executor {
  readonly name: string;
  private readonly scratch: Scratch;

  private constructor(scratch: Scratch) {
    this.scratch = scratch;
    this.name = `agatha-${scratch.stack}-executor`;
  }

  /** A running container of the image, without a clone yet. It is removed with the stack's other containers. */
  static async start(ref: string, scratch: Scratch): Promise<Executor> {
    const executor = new Executor(scratch);
    // The image's user has to read and write the stack's state and application.
    await well("chown", ["-R", `${UID}:${UID}`, scratch.folder]);
    const socket = dockerSocket();
    const same = [...HOST_SET, ...jdkSettings(), CERTIFICATES].map((path) => [path, path]);
    const material = [join(process.cwd(), ".tools/debian"), "/material"];
    const mounts = [...same, material].flatMap(([from, to]) => ["--volume", `${from}:${to}:ro`]);
    await well("docker", [
      ...["run", "--detach", "--init", "--name", executor.name, "--label", `agatha.stack=${scratch.stack}`],
      ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
      ...["--group-add", String(statSync(socket).gid), "--volume", `${socket}:/var/run/docker.sock`],
      ...["--volume", `${scratch.folder}:${scratch.folder}`, ...mounts],
      ...[ref, "sleep", "infinity"],
    ]);
    return executor;
  }

  /** Installs the node modules by the image's npm, from this machine's registry. Nothing is fetched after that. */
  async install(): Promise<void> {
    const registry = await well("npm", ["config", "get", "registry"]);
    const settings = { NPM_CONFIG_REGISTRY: registry, NODE_EXTRA_CA_CERTS: CERTIFICATES };
    await this.well("npm ci --no-audit --no-fund --loglevel=error", CLONE, settings);
    await well("docker", ["network", "disconnect", "bridge", this.name]);
  }

  /** Runs a shell command in the clone. */
  async run(command: string, folder = CLONE, given: Record<string, string> = {}): Promise<Ended> {
    const { scratch } = this;
    const env = {
      AGATHA_PACKAGES: "debian",
      AGATHA_DEBIAN_MATERIAL: "/material",
      NIX_CONFIG: "substituters =",
      PULUMI_BACKEND_URL: scratch.env["PULUMI_BACKEND_URL"],
      PULUMI_CONFIG_PASSPHRASE: scratch.env["PULUMI_CONFIG_PASSPHRASE"],
      PULUMI_DEBUG_COMMANDS: "true",
      ...given,
    };
    const settings = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    return execute("docker", [
      ...["exec", "--workdir", folder, ...settings, this.name],
      ...["bash", "-euo", "pipefail", "-c", command],
    ]);
  }

  /** Like `run`, for a command that has to succeed. */
  async well(command: string, folder?: string, given?: Record<string, string>): Promise<string> {
    const { code, output } = await this.run(command, folder, given);
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    return output.trim();
  }
}

/**
 * A bundle of what git would commit of this tree: a clone of the tree would lack uncommitted changes, and git
 * refuses to read another user's repository.
 */
export async function bundle(folder: string): Promise<string> {
  const [tree, file] = [join(folder, "tree"), join(folder, "source.bundle")];
  mkdirSync(tree);
  const script = `
    git ls-files --cached --others --exclude-standard -z |
      while read -r -d '' path; do if [ -e "$path" ]; then printf '%s\\0' "$path"; fi; done |
      tar --create --null --files-from=- | tar --extract --directory "$0"
    cd "$0"
    git init --quiet --initial-branch main
    git add --all
    git -c user.name=test -c user.email=test@example.com commit --quiet --message source
    git bundle create --quiet "$1" main`;
  await well("bash", ["-euo", "pipefail", "-c", script, tree, file]);
  return file;
}

function dockerSocket(): string {
  const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  if (!host.startsWith("unix://")) throw new Error(`DOCKER_HOST: ${host} is no socket to mount.`);
  return host.slice("unix://".length);
}

/** Debian keeps part of a JDK in /etc, and its certificates. */
const jdkSettings = (): string[] => globSync(["/etc/java-*-openjdk", "/etc/ssl/certs/java"]);
