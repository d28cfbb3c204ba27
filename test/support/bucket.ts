/** A bucket on this machine that speaks S3's protocol: gofakes3, built from Go modules. It accepts any credentials. */
import { type ChildProcess, spawn } from "node:child_process";
import { goTool } from "./goTool.ts";
import { freePort, until } from "./host.ts";

const NAME = "team-pulumi";

export class Bucket {
  /** What clients need in their environment. */
  readonly env = {
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-central-1",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  /** As `pulumi login` takes it. */
  readonly url: string;
  private readonly endpoint: string;
  private readonly process: ChildProcess;

  private constructor(address: string, process: ChildProcess) {
    this.endpoint = `http://${address}`;
    this.url = `s3://${NAME}?endpoint=${this.endpoint}&s3ForcePathStyle=true`;
    this.process = process;
  }

  /** An empty bucket that answers. */
  static async start(): Promise<Bucket> {
    const program = await goTool("gofakes3");
    const address = `127.0.0.1:${await freePort()}`;
    const args = ["-host", address, "-backend", "memory", "-initialbucket", NAME];
    const bucket = new Bucket(address, spawn(program, args, { stdio: "ignore" }));
    const answers = () => bucket.list("").then(Boolean, () => false);
    await until(`gofakes3: does not answer at ${address}`, answers, 10_000).catch((error) => {
      bucket.end();
      throw error;
    });
    return bucket;
  }

  /** Names of the objects with that prefix. */
  async list(prefix: string): Promise<string[]> {
    const response = await fetch(`${this.endpoint}/${NAME}?list-type=2&prefix=${prefix}`);
    if (!response.ok) throw new Error(`gofakes3: ${response.status} ${await response.text()}`);
    return [...(await response.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key = ""]) => key);
  }

  async read(name: string): Promise<string> {
    return (await fetch(`${this.endpoint}/${NAME}/${name}`)).text();
  }

  end(): void {
    this.process.kill();
  }
}
