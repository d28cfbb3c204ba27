/** The two other ways to deploy the same application, each with Docker Compose and a database of its own. */
import { chmodSync, cpSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { nixArguments } from "../../lib/images/nix.ts";
import { run, tail } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";
import application from "../../nix/application.json" with { type: "json" };
import { execute, until } from "../support/host.ts";
import { composeFile, DATABASE, dockerfile, flywayConf, gradleProperties, type Rival } from "./rivalFiles.ts";

export interface RivalArgs extends Rival {
  /** Folder of its files; `app.jar` and `dist` in it are its own copies. */
  folder: string;
  /** The command line of Docker Compose. */
  compose: string[];
  migrations: string;
  env: NodeJS.ProcessEnv;
}

/** What both have in common: files beside compose.yaml, and how programs are run. */
abstract class ComposeStack {
  readonly jar: string;
  readonly dist: string;
  readonly backUrl: string;
  readonly frontUrl: string;
  protected readonly args: RivalArgs;

  constructor(args: RivalArgs) {
    this.args = args;
    const { folder, password, ports } = args;
    [this.backUrl, this.frontUrl] = [`http://127.0.0.1:${ports.back}`, `http://127.0.0.1:${ports.front}`];
    for (const part of ["back", "front"]) mkdirSync(join(folder, part), { recursive: true });
    this.jar = join(folder, "back", "app.jar");
    this.dist = join(folder, "front", "dist");
    cpSync(application.back.jar, this.jar);
    cpSync(application.front.dist, this.dist, { recursive: true });
    cpSync("sample/logback.xml", join(folder, "logback.xml"));
    writeFileSync(join(folder, "gradle.properties"), gradleProperties(password));
    writeFileSync(join(folder, "flyway.conf"), flywayConf(password));
  }

  container = (service: string): string => `${this.args.name}-${service}`;

  /** An image of its own. Not named like the product's, which a test beside this one puts back as they were. */
  protected image = (part: string): string => `${this.args.stack}-${part}`;

  protected writeCompose(back: Record<string, unknown>, front: Record<string, unknown>): void {
    writeFileSync(join(this.args.folder, "compose.yaml"), stringify(composeFile(this.args, back, front)));
  }

  /** @throws UserError in the program's words. */
  protected async run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, output } = await run(program, args, { env: { ...this.args.env, ...env } });
    if (code !== 0) throw new UserError(`bench: ${program} ended with ${code}:\n${tail(output, 20)}`);
    return output;
  }

  protected compose(...args: string[]): Promise<string> {
    const [program = "", ...rest] = this.args.compose;
    const project = ["--project-name", this.args.name, "--project-directory", this.args.folder];
    return this.run(program, [...rest, ...project, ...args], this.images);
  }

  /** For compose.yaml: the images of back and front, which are no more than names to those that Compose builds. */
  protected readonly images = { BACK: "x", FRONT: "x" };

  /** Builds an attribute of `nix/default.nix` over this way's own files. @returns Its store path. */
  protected async nixBuild(attribute: string): Promise<string> {
    const { migrations, folder } = this.args;
    const packages = process.env["AGATHA_PACKAGES"] ?? "nixpkgs";
    const own = { back: { jar: this.jar, migrations: resolve(migrations) }, front: { dist: this.dist } };
    const link = join(folder, `result-${attribute}`);
    const args = [...nixArguments(packages, JSON.stringify(own)), "-A", attribute, "--out-link", link];
    await this.run("nix-build", args);
    return readlinkSync(link);
  }

  protected async startDatabase(): Promise<void> {
    await this.compose("up", "--detach", "agatha-db");
    const query = ["psql", "-h", "127.0.0.1", "-U", DATABASE.user, "-d", DATABASE.name, "-qtAXc", "select 1"];
    const ask = () => execute("docker", ["exec", this.container("db"), ...query], this.args.env);
    const late = `bench: the database of ${this.args.name} does not answer. Look at its container's log.`;
    await until(late, async () => (await ask()).code === 0, 120_000, 20);
  }

  down = (): Promise<string> => this.compose("down", "--volumes", "--timeout", "1");
}

/** The seed's recipe: nix-build, load the whole archive, compose up. */
export class SeedStack extends ComposeStack {
  async start(): Promise<void> {
    this.writeCompose({ image: "${BACK}" }, { image: "${FRONT}" });
    await this.load("back");
    await this.startDatabase();
    await this.deploy("front");
  }

  async deploy(service: "back" | "front"): Promise<void> {
    await this.load(service);
    await this.compose("up", "--detach");
  }

  private async load(service: "back" | "front"): Promise<void> {
    const image = await this.nixBuild(`${service}-image`);
    const loaded = await this.run("bash", ["-c", 'set -o pipefail; "$0" | docker load', image]);
    const ref = /Loaded image: (\S+)/.exec(loaded)?.[1];
    if (ref === undefined) throw new UserError(`bench: docker load did not say what it loaded: ${loaded}`);
    this.images[service === "back" ? "BACK" : "FRONT"] = ref;
  }
}

/** Writes the closure of some store paths, and a /tmp, as an image of one layer. */
const IMPORT = `set -o pipefail; name=$0 root=$1; shift
nix-store --query --requisites "\${@:1}" | sed 's|^/||' |
tar --create --directory / --files-from - --directory "$root" tmp | docker import - "$name"`;

/** An ordinary Dockerfile each for back and front: what changes is copied last, on a base that has the rest. */
export class DockerfileStack extends ComposeStack {
  /** @param backImage One of our own images of the back, to run the migrations once. */
  async start(backImage: string): Promise<void> {
    await this.back();
    await this.front();
    await this.startDatabase();
    const flyway = { URL: `jdbc:postgresql://agatha-db:5432/${DATABASE.name}`, USER: DATABASE.user };
    const settings = Object.entries({ ...flyway, PASSWORD: this.args.password });
    await this.run("docker", [
      ...["run", "--rm", "--network", `${this.args.name}-network`],
      ...["--label", `agatha.stack=${this.args.stack}`],
      ...settings.flatMap(([key, value]) => ["--env", `FLYWAY_${key}=${value}`]),
      ...[backImage, "/bin/agatha-back-migrate"],
    ]);
    await this.deploy();
  }

  async deploy(): Promise<void> {
    await this.compose("up", "--detach", "--build");
  }

  private async back(): Promise<void> {
    const jre = await this.nixBuild("back.jre");
    await this.importBase("jre", [jre]);
    const command = [`${jre}/bin/java`, ...application.back.javaOptions, "-jar", "/app.jar"];
    this.writeDockerfile("back", "jre", command, { "app.jar": "/app.jar" });
  }

  private async front(): Promise<void> {
    const server = await this.nixBuild("front.httpServer");
    const node = await this.nixBuild("front.httpServer.node");
    await this.importBase("node", [server, node]);
    cpSync("nix/packages/serve", join(this.args.folder, "front", "serve"), { recursive: true });
    const serve = "/serve/serve.mjs --root /dist --port 5173 --spa true".split(" ");
    const copies = { serve: "/serve", dist: "/dist" };
    this.writeDockerfile("front", "node", [`${node}/bin/node`, ...serve], copies);
    const built = (part: string) => ({ build: `./${part}`, image: this.image(part) });
    const environment = { NODE_PATH: `${server}/lib/node_modules` };
    this.writeCompose(built("back"), { ...built("front"), environment });
  }

  private writeDockerfile(part: string, base: string, command: string[], copies: object): void {
    const text = dockerfile(this.image(base), this.args.stack, command, copies);
    writeFileSync(join(this.args.folder, part, "Dockerfile"), text);
  }

  private async importBase(name: string, paths: string[]): Promise<void> {
    const root = join(this.args.folder, "root");
    mkdirSync(join(root, "tmp"), { recursive: true });
    chmodSync(join(root, "tmp"), 0o1777);
    await this.run("bash", ["-c", IMPORT, this.image(name), root, ...paths]);
  }
}
