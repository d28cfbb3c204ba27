/** The key for a docker host that is reached by ssh, on a machine that is thrown away afterwards: a CI runner. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../process.ts";
import { UserError } from "../userError.ts";

/**
 * Puts `SSH_KEY` and `SSH_KNOWN_HOSTS` where ssh looks for them, readable only by their owner.
 *
 * @param home The home folder.
 * @returns What was done, without any of the key.
 * @throws UserError if a key comes without the host's own keys: whoever answers would be trusted.
 */
export function takeKey(env: Env, home: string): string {
  const [key = "", known = ""] = [env["SSH_KEY"]?.trim(), env["SSH_KNOWN_HOSTS"]?.trim()];
  if (key === "") return "no key is given: the docker host is reached without one";
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(key))
    throw new UserError(
      "SSH_KEY: the value (not shown) is not a private key. Give the whole file, including its first line.",
    );
  if (known === "")
    throw new UserError(
      "SSH_KNOWN_HOSTS: is not set. Set it to what `ssh-keyscan HOST` prints, checked by hand.",
    );
  const folder = join(home, ".ssh");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "agatha-docker-host");
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  append(join(folder, "known_hosts"), known);
  // As a block, whatever block the file ends in.
  append(join(folder, "config"), `Match all\n  IdentityFile ${file}`);
  return "key and known hosts are in place";
}

/** Adds the text, unless it is there already. */
function append(file: string, text: string): void {
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  if (!before.includes(text)) appendFileSync(file, `${gap}${text}\n`, { mode: 0o600 });
}
