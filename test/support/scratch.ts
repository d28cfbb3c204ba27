/** A test's own stack, with its state, config and application in a temporary folder; all of it is removed afterwards. */
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { SAMPLE_BACK } from "../../lib/config/load.ts";
import { ofStack, removal } from "../../lib/docker/arguments.ts";
import { SERVICES } from "../../lib/serviceNames.ts";
import { type Ended, execute, freePort, lines, scratchFolder, scratchName, well } from "./host.ts";
import { type Operations, readOperations } from "./operations.ts";
import { ourImages, restoreImages } from "./ourImages.ts";

export { type Ended, execute, freePort } from "./host.ts";
export { changes, type Operations } from "./operations.ts";

/** Another docker host than this machine's. */
export interface OtherHost {
  /** `agatha:dockerHost`; left out if the environment names the host. */
  dockerHost?: string;
  /** Variables that pulumi needs to reach it. */
  env: NodeJS.ProcessEnv;
  /** Address of ports that are published on 0.0.0.0. */
  address: string;
  /** DOCKER_HOST of the test's own docker commands. */
  inspect: string;
}

/** Pulumi's words for a test. */
const HOW = ["--non-interactive", "--color", "never"];

export class Scratch {
  readonly stack = scratchName();
  readonly folder = scratchFolder();
  /** Copies of the application's inputs, which a test may change. */
  readonly jar = join(this.folder, "app.jar");
  readonly migrations = join(this.folder, "migrations");
  readonly dist = join(this.folder, "dist");
  readonly config: Record<string, unknown> = {};
  readonly env: NodeJS.ProcessEnv;
  /** The project's images before the test, by ref. */
  private imagesBefore = new Map<string, string>();
  private runs = 0;
  private readonly on: OtherHost | undefined;

  private constructor(on: OtherHost | undefined) {
    this.on = on;
    const [state, home] = [join(this.folder, "state"), join(this.folder, "pulumi")];
    for (const folder of [state, home]) mkdirSync(folder);
    const plugins = join(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "plugins");
    if (existsSync(plugins)) symlinkSync(plugins, join(home, "plugins"));
    this.env = {
      ...process.env,
      // Its own home, so that the selected stack and the login of the person stay.
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "scratch",
      // The event log is one of Pulumi's debug flags.
      PULUMI_DEBUG_COMMANDS: "true",
      ...on?.env,
    };
    delete this.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  }

  /**
   * A scratch stack with free ports and copies of the sample's files; nothing runs yet.
   *
   * @param on The docker host. Default: this machine's.
   */
  static async make(on?: OtherHost): Promise<Scratch> {
    const scratch = new Scratch(on);
    try {
      await scratch.prepare();
      return scratch;
    } catch (error) {
      rmSync(scratch.folder, { recursive: true });
      throw error;
    }
  }

  private async prepare(): Promise<void> {
    cpSync("sample/back/target/agatha-back.jar", this.jar);
    cpSync("sample/migrations", this.migrations, { recursive: true });
    cpSync("sample/front/dist", this.dist, { recursive: true });
    const [back, front] = [await freePort(), await freePort()];
    const address = this.on === undefined ? {} : { address: "0.0.0.0" };
    const backUrl = this.on === undefined ? "${backUrl}" : this.url(back);
    Object.assign(this.config, {
      ...(this.on?.dockerHost === undefined ? {} : { dockerHost: this.on.dockerHost }),
      databasePassword: `pw-${randomBytes(9).toString("hex")}`,
    });
    // The jar is a copy, so the sample's defaults do not apply.
    const own = { jar: this.jar, migrations: this.migrations };
    this.back({ ...SAMPLE_BACK, ...own, publish: { ...address, port: back } });
    const files = { "properties.js": { text: `window.agatha = { backUrl: "${backUrl}" };\n` } };
    this.front({ dist: this.dist, publish: { ...address, port: front }, files });
    this.imagesBefore = await ourImages(this.docker);
    await this.init();
  }

  get password(): string {
    return String(this.config["databasePassword"]);
  }

  /** Changes keys of `agatha:back`, and leaves the others. */
  back = (keys: Record<string, unknown>) => this.change("back", keys);

  front = (keys: Record<string, unknown>) => this.change("front", keys);

  private change(service: "back" | "front", keys: Record<string, unknown>): void {
    this.config[service] = { ...(this.config[service] as object | undefined), ...keys };
  }

  private port = (service: "back" | "front") =>
    (this.config[service] as { publish: { port: number } }).publish.port;

  get backPort(): number {
    return this.port("back");
  }

  get frontPort(): number {
    return this.port("front");
  }

  get backUrl(): string {
    return this.url(this.backPort);
  }

  get frontUrl(): string {
    return this.url(this.frontPort);
  }

  private url = (port: number) => `http://${this.on?.address ?? "127.0.0.1"}:${port}`;

  get configFile(): string {
    return join(this.folder, `Pulumi.${this.stack}.yaml`);
  }

  /** Writes the current config; keeps Pulumi's salt. */
  writeConfig(): void {
    const before = existsSync(this.configFile) ? readFileSync(this.configFile, "utf8") : "";
    const [salt = ""] = /^encryptionsalt: .*$/m.exec(before) ?? [];
    const config = Object.entries(this.config).map(([key, value]) => [`agatha:${key}`, value]);
    writeFileSync(this.configFile, `${salt}\n${stringify({ config: Object.fromEntries(config) })}`);
  }

  /** Runs pulumi on this stack, with the current config if the command takes one. */
  async pulumi(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const config = ["up", "preview", "refresh", "destroy"].includes(args[0] ?? "");
    if (config) this.writeConfig();
    const where = ["--stack", this.stack, ...(config ? ["--config-file", this.configFile] : [])];
    return execute("pulumi", [...args, ...where, ...HOW], { ...this.env, ...env });
  }

  /** The arguments of an `up` with the current config, for a test that runs pulumi itself. */
  upArguments(): string[] {
    this.writeConfig();
    return ["up", "--yes", "--skip-preview", "--stack", this.stack, "--config-file", this.configFile, ...HOW];
  }

  /** Creates the stack; moves the file with the salt, which Pulumi writes beside Pulumi.yaml, to the scratch folder. */
  async init(): Promise<void> {
    await well("pulumi", ["stack", "init", this.stack, "--no-select", ...HOW], this.env);
    const written = `Pulumi.${this.stack}.yaml`;
    cpSync(written, this.configFile);
    rmSync(written);
  }

  /** Runs an operation; returns what it did to each resource. */
  async operate(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended & { operations: Operations }> {
    const log = join(this.folder, `events-${this.runs++}.json`);
    const ended = await this.pulumi([...args, "--event-log", log], env);
    return { ...ended, operations: existsSync(log) ? readOperations(log, this.stack) : {} };
  }

  up = (env?: NodeJS.ProcessEnv) => this.operate(["up", "--yes", "--skip-preview"], env);

  /** An `up` that has to succeed; if it fails, the test fails with its output. */
  async upWell(): Promise<Ended & { operations: Operations }> {
    const ended = await this.up();
    if (ended.code !== 0) throw new Error(`pulumi up ended with ${ended.code}:\n${ended.output}`);
    return ended;
  }
  preview = (env?: NodeJS.ProcessEnv) => this.operate(["preview", "--diff"], env);
  destroy = () => this.operate(["destroy", "--yes", "--skip-preview"]);

  async outputs(...args: string[]): Promise<Record<string, unknown>> {
    const { output } = await this.pulumi(["stack", "output", "--json", ...args]);
    return JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  }

  /** Lines that docker prints; fails if docker does. */
  docker = async (...args: string[]): Promise<string[]> => {
    const host = this.on === undefined ? {} : { DOCKER_HOST: this.on.inspect };
    const { code, output } = await execute("docker", args, { ...process.env, ...host });
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${output}`);
    return lines(output);
  };

  /** Everything of this stack on the host, of one kind. */
  own = (kind: "container" | "network" | "volume") =>
    this.docker(kind, "ls", ...(kind === "container" ? ["--all"] : []), "--quiet", ...ofStack(this.stack));

  /** The name on the docker host of what the stack has only one of: the database's container, the network. */
  named = (part: string): string => `agatha-${this.stack}-${part}`;

  /** The name of a service's container; if there are two, of the newer one. Fails if there is none. */
  container = async (service: string): Promise<string> => {
    const all = ["container", "ls", "--all", ...ofStack(this.stack, service), "--format", "{{.Names}}"];
    const [name] = await this.docker(...all);
    if (name === undefined) throw new Error(`${this.stack}: has no container of the service ${service}`);
    return name;
  };

  /** The services' containers with their states and start times: equal before and after means nothing was touched. */
  async running(): Promise<Record<string, string>> {
    const format = "{{.Id}} {{.State.Status}} {{.State.StartedAt}}";
    const names = await Promise.all(SERVICES.map(this.container));
    const states = await this.docker("inspect", "--format", format, ...names);
    return Object.fromEntries(SERVICES.map((service, i) => [service, states[i] ?? ""]));
  }

  /** Runs SQL as the database's own user; returns the rows, tab-separated, of all the statements. */
  sql = async (...statements: string[]) => {
    const psql = ["psql", "-U", "postgres", "-d", "docker_agatha_db", "-qtAX", "-F", "\t"];
    const commands = statements.flatMap((statement) => ["-c", statement]);
    return this.docker("exec", await this.container("db"), ...psql, ...commands);
  };

  /** Removes everything of the stack, pass or fail, by force and without Pulumi; images too, if their refs were absent before. */
  async remove(): Promise<void> {
    for (const kind of ["container", "network", "volume"] as const) {
      const all = await this.own(kind);
      if (all.length > 0) await this.docker(...removal(kind, ...all));
    }
    await restoreImages(this.docker, this.imagesBefore, [this.stack]);
    for (const kind of ["gcroots", "backups"])
      rmSync(join(".state", kind, this.stack), { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}
