/** Steady requests over kept-alive connections, every second one a POST, and what became of them. */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Length of the body of a POST, in bytes, which the service tells. */
const BODY = 1000;

export class HttpLoad {
  sent = 0;
  answered = 0;
  /** What went wrong: the method, with a status and the beginning of the answer, or an error's code. */
  readonly failures: string[] = [];
  /** Longest time between two good answers, in milliseconds. */
  gap = 0;
  /** The names that answered, in order, without repetitions. */
  readonly names: string[] = [];
  private last = performance.now();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });
  private readonly timer: NodeJS.Timeout;

  /** @param rate Requests a second. */
  constructor(url: string, rate: number) {
    const start = performance.now();
    this.timer = setInterval(() => {
      while (this.sent < ((performance.now() - start) / 1000) * rate) this.send(url, this.sent++ % 2 === 1);
    }, 2);
  }

  private send(url: string, post: boolean): void {
    const method = post ? "POST" : "GET";
    const failed = (what: unknown) => this.failures.push(`${method} ${String(what)}`);
    const options = { agent: this.agent, method, headers: post ? { "content-length": BODY } : {} };
    const sent = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", (error: NodeJS.ErrnoException) => failed(error.code));
      response.on("end", () => {
        const [name = "", bytes] = text.split(" ");
        if (response.statusCode !== 200 || bytes !== String(post ? BODY : 0))
          failed(`${response.statusCode} ${text.slice(0, 20)}`);
        else this.note(name);
      });
    });
    sent.on("error", (error: NodeJS.ErrnoException) => failed(error.code));
    sent.end(post ? "x".repeat(BODY) : undefined);
  }

  private note(name: string): void {
    this.answered++;
    this.gap = Math.max(this.gap, performance.now() - this.last);
    this.last = performance.now();
    if (this.names.at(-1) !== name) this.names.push(name);
  }

  /** Sends no more, and waits for the last answers. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    const limit = performance.now() + 10_000;
    while (this.answered + this.failures.length < this.sent && performance.now() < limit) await sleep(20);
    this.agent.destroy();
  }
}
