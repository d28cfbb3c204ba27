/** Calls from a container of the stack's network, each with a look at docker's DNS and a connection of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Scratch } from "./scratch.ts";

/** Runs in the database's container until its input ends. Prints the status of each answer, with the end of one that is not 200. */
const LOOP = `
call() {
  exec 3<>"/dev/tcp/$1/$2" || { echo "$1: no connection"; return; }
  printf 'GET %s HTTP/1.1\\r\\nHost: %s:%s\\r\\nConnection: close\\r\\n\\r\\n' "$3" "$1" "$2" >&3
  read -r _ status _ <&3
  [ "$status" = 200 ] || status+=" $1: $(tail -n 1 <&3)"
  echo "$status"
  exec 3>&-
}
until read -t 0.05; [ $? -le 128 ]; do
  call agatha-back 8000 /health
  call agatha-front 5173 /
done`;

/** Starts them. The function that it returns ends them, and returns how often each line was printed. */
export function callInside(scratch: Scratch): () => Promise<Record<string, number>> {
  const args = ["exec", "--interactive", scratch.named("db"), "bash", "-c", LOOP];
  const child = spawn("docker", args, { stdio: ["pipe", "pipe", "inherit"] });
  const printed = text(child.stdout);
  const ended = once(child, "close");
  return async () => {
    child.stdin.end();
    await ended;
    const seen: Record<string, number> = {};
    for (const status of (await printed).split("\n").slice(0, -1)) seen[status] = (seen[status] ?? 0) + 1;
    return seen;
  };
}
