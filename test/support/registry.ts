/** A registry on this machine, Debian's docker-registry, with one user. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { join } from "node:path";
import { which } from "../../lib/process.ts";
import { certificates } from "./certificates.ts";
import { end, freePort, until } from "./host.ts";

export class LocalRegistry {
  readonly username = "agatha";
  readonly password: string;
  /** `host:port`; the docker host reaches it too. */
  readonly address: string;
  private readonly log: string;
  private readonly process: ChildProcess;

  private constructor(address: string, password: string, log: string, process: ChildProcess) {
    [this.address, this.password, this.log, this.process] = [address, password, log, process];
  }

  /**
   * A registry that answers.
   *
   * @param folder For its blobs and settings; the caller removes it.
   * @param host An address of this machine.
   * @param port Where it listens. Default: a free port.
   * @param tls Whether it speaks TLS, with a certificate of its own CA: `tls/ca.pem` in the folder.
   */
  static async start(
    folder: string,
    host: string,
    password: string,
    { port, tls = false }: { port?: number; tls?: boolean } = {},
  ): Promise<LocalRegistry> {
    const program = which("docker-registry");
    if (program === undefined) throw new Error("docker-registry: is not on PATH. `npm test` installs it.");
    mkdirSync(folder, { recursive: true });
    const at = (name: string) => join(folder, name);
    const address = `${host}:${port ?? (await freePort())}`;
    // It accepts only bcrypt; Perl's crypt is the C library's.
    const bcrypt = 'print crypt($ENV{PASSWORD}, q($2b$05$) . "abcdefghijklmnopqrstuu")';
    const hashed = execFileSync("perl", ["-e", bcrypt], { env: { PASSWORD: password } }).toString();
    writeFileSync(at("htpasswd"), `agatha:${hashed}\n`);
    if (tls) certificates(at("tls"), host);
    const shown = { certificate: at("tls/server.pem"), key: at("tls/server-key.pem") };
    const config = {
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: at("blobs") } },
      http: { addr: address, ...(tls ? { tls: shown } : {}) },
      auth: { htpasswd: { realm: "agatha", path: at("htpasswd") } },
    };
    // JSON is YAML.
    writeFileSync(at("config.yml"), JSON.stringify(config));
    const log = openSync(at("access.log"), "w");
    const server = spawn(program, ["serve", at("config.yml")], { stdio: ["ignore", log, "ignore"] });
    closeSync(log);
    const url = `${tls ? "https" : "http"}://${address}/v2/`;
    const late = `docker-registry does not answer at ${address}.`;
    await until(late, async () => (await statusOf(url)) === 401, 20_000).catch((error) => {
      server.kill();
      throw error;
    });
    return new LocalRegistry(address, password, at("access.log"), server);
  }

  /** Number of blobs uploaded so far. */
  uploads(): number {
    const requests = readFileSync(this.log, "utf8").split("\n");
    return requests.filter((line) => /"PUT \/v2\/\S+\/blobs\/uploads\/\S+ HTTP\/1\.1" 201/.test(line)).length;
  }

  end = () => end(this.process);
}

/** The status of an answer, with any certificate; undefined without an answer. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const answered = (answer: IncomingMessage) => resolve(answer.resume().statusCode);
    const request = url.startsWith("https:")
      ? https.get(url, { rejectUnauthorized: false }, answered)
      : http.get(url, answered);
    request.on("error", () => resolve(undefined));
  });
}
