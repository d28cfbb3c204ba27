/** Conversations with the HAProxy of a gateway, by its admin socket, which only programs in its container reach. */
import { setTimeout as sleep } from "node:timers/promises";
import { dockerError } from "../docker/client.ts";
import { type Result, run, stopIfInterrupted } from "../process.ts";
import { UserError } from "../userError.ts";

/** Longest time that a gateway may take to answer again, in milliseconds: docker and HAProxy start it within 2 s. */
const RESTART_MS = 30_000;

/** Time between two tries, in milliseconds. */
const PAUSE_MS = 200;

/** What docker and `agatha-gateway` print while a container starts, restarts or ends. */
const PASSING =
  /does not answer|is (not running|restarting|paused|marked for removal)|cannot exec|container \S+ not found|exec failed|received 409|procReady|setns/i;

/**
 * Sends commands in one conversation. While the gateway restarts, all of them are sent again: they have to be repeatable.
 *
 * @param container Name or id.
 * @param limitMs How long a gateway that does not answer is asked again, in milliseconds.
 * @returns An answer for each command, mostly "" for one that changes something.
 * @throws UserError if the gateway is gone, or does not answer in time.
 */
export async function ask(container: string, commands: string[], limitMs = RESTART_MS): Promise<string[]> {
  const printed = await inGateway(container, "ask", `${commands.join("\n")}\n`, limitMs);
  const answers = printed.match(/(?:[^\n]+\n)*(?:\n|$)/g) ?? [];
  return commands.map((_, index) => answers[index]?.replace(/\n*$/, "") ?? "");
}

/** Whether the HAProxy of a container that runs answers. */
export const isAlive = async (container: string): Promise<boolean> =>
  (await run("docker", ["exec", container, "/bin/agatha-gateway", "alive"])).code === 0;

/** Writes what serves into the gateway's volume, for its next start. @throws UserError as `ask`. */
export const save = (container: string): Promise<string> => inGateway(container, "save");

async function inGateway(
  container: string,
  command: string,
  input = "",
  limitMs = RESTART_MS,
): Promise<string> {
  const args = ["exec", "--interactive", container, "/bin/agatha-gateway", command];
  const start = performance.now();
  for (;;) {
    stopIfInterrupted();
    const result = await run("docker", args, { input });
    if (result.code === 0) return result.stdout;
    if (!isPassing(result)) throw new UserError(await dockerError(args, result));
    if (performance.now() - start > limitMs)
      throw new UserError(
        `${(await dockerError(args, result)).replace(/\.?$/, ".")} If that lasts, \`docker rm --force ${container}\`, then run up again: that makes the gateway anew.`,
      );
    await sleep(PAUSE_MS);
  }
}

/** A signal's end, such as 137 when the container was killed in the middle, passes too. */
const isPassing = ({ code, stderr, stdout }: Result): boolean =>
  (code !== null && code > 128) || PASSING.test(stderr) || PASSING.test(stdout);
