/** A PostgreSQL outside of any stack, as a provider runs one: TLS alone, passwords, and a plain role that owns one database. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { removal } from "../../lib/docker/arguments.ts";
import { certificates } from "./certificates.ts";
import { docker, until } from "./host.ts";

const ROLE = "app";
const NAME = "budget";

/** On the server's own socket, the superuser needs no password. */
const START = `
  umask 077
  printf '%s' "$KEY" > /tmp/server.key; printf '%s' "$CERTIFICATE" > /tmp/server.crt
  export PGDATA=/tmp/data
  initdb --auth-local=trust --auth-host=reject --username=provider > /dev/null
  echo 'hostssl all all all scram-sha-256' > "$PGDATA/pg_hba.conf"; echo 'local all all trust' >> "$PGDATA/pg_hba.conf"
  exec postgres -c listen_addresses='*' -c ssl=on -c ssl_cert_file=/tmp/server.crt -c ssl_key_file=/tmp/server.key \\
    -c unix_socket_directories=/tmp -c password_encryption=scram-sha-256 -c fsync=off`;

export class ExternalServer {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  private readonly name: string;

  private constructor(name: string, host: string, port: number, ca: string) {
    [this.name, this.host, this.port, this.ca] = [name, host, port, ca];
  }

  /** @param image One that has PostgreSQL. @param folder For its certificates. */
  static async start(name: string, image: string, folder: string): Promise<ExternalServer> {
    // Containers of other networks reach what is published at the bridge's address.
    const gateway = "{{range .IPAM.Config}}{{.Gateway}}{{end}}";
    const host = await docker("network", "inspect", "bridge", "--format", gateway);
    const files = certificates(join(folder, "tls"), host);
    const read = (file: string) => readFileSync(join(files, file), "utf8");
    await docker(
      ...["run", "--detach", "--name", name, "--user", "postgres", "--publish", `${host}:0:5432`],
      ...["--env", `KEY=${read("server-key.pem")}`, "--env", `CERTIFICATE=${read("server.pem")}`],
      ...["--entrypoint", "bash", image, "-c", START],
    );
    try {
      const port = Number((await docker("port", name, "5432/tcp")).split(":").at(-1));
      const server = new ExternalServer(name, host, port, read("ca.pem"));
      let said = "";
      const ready = async () => {
        said = await server.sql("select 1", "postgres").catch(String);
        return said === "1";
      };
      await until(() => said, ready, 30_000, 200);
      return server;
    } catch (error) {
      await docker(...removal("container", name));
      throw error;
    }
  }

  /** The role, which may make databases if that is said, and its database. */
  async prepare(password: string, more = ""): Promise<void> {
    await this.sql(`create role ${ROLE} login ${more} password '${password}'`, "postgres");
    await this.sql(`create database ${NAME} owner ${ROLE}`, "postgres");
  }

  /** For `agatha:database`. */
  get configuration() {
    const { host, port, ca } = this;
    return { name: NAME, user: ROLE, external: { host, port, ca } };
  }

  /** Runs SQL as the superuser. */
  sql = (statement: string, name = NAME): Promise<string> =>
    docker("exec", this.name, "psql", "-h", "/tmp", "-U", "provider", "-d", name, "-qtAXc", statement);

  stop = () => docker("stop", "--time", "1", this.name);

  start = () => docker("start", this.name);

  remove = () => docker(...removal("container", this.name));
}
