/** Backups in a folder of another host, over ssh: with the keys and the configuration that `ssh` has on this machine. */

import { freeIn } from "../../freeSpace.ts";
import { type Running, run, start } from "../../process.ts";
import { type SshPlace, sshPlace } from "../../sshUrl.ts";
import { UserError } from "../../userError.ts";
import { write } from "./dump.ts";
import { checksumLine, checksumName, partialName } from "./names.ts";
import type { Draft, Target } from "./target.ts";

/** The arguments of `ssh` that run a script there: asks for nothing, and does not wait for a host that is away. */
export function sshArguments({ login, port }: SshPlace, script: string): string[] {
  const options = ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15"];
  const portOption = port === undefined ? [] : ["-p", port];
  // One word for the login shell, whichever it is.
  return [
    ...options.flatMap((option) => ["-o", option]),
    ...portOption,
    "--",
    login,
    `sh -c ${quoted(script)}`,
  ];
}

/** A word for the shell over there. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** What ssh and the shell over there said, in one line. */
export const lastWords = (code: number | null, stderr: string): string =>
  stderr.trim().split("\n").at(-1) || `ssh ended with ${code}`;

export class SshTarget implements Target {
  private readonly url: string;
  private readonly at: SshPlace;

  constructor(url: string) {
    this.url = url.replace(/\/+$/, "");
    const at = sshPlace(url);
    if (at === undefined)
      throw new UserError(`"${url}" is not a place on another host. Write it like ssh://user@host/path.`);
    this.at = at;
  }

  place(name: string): string {
    return name === "" ? this.url : `${this.url}/${name}`;
  }

  async freeBytes(): Promise<number> {
    const answer = await this.sh('[ -w . ] || { echo "the folder is not writable" >&2; exit 1; }; df -Pk .');
    const free = freeIn(answer);
    if (!Number.isFinite(free))
      throw new UserError(
        `agatha:backups.to: df at ${this.url} answered "${answer.trim()}". Look at it there.`,
      );
    return free;
  }

  async list(): Promise<string[]> {
    return (await this.sh("ls -A")).split("\n").filter(Boolean);
  }

  async create(name: string): Promise<Draft> {
    const partial = quoted(partialName(name));
    // noclobber: what is there already stays.
    const script = this.there(
      `set -C; [ ! -e ${quoted(name)} ] && cat > ${partial} && { sync ${partial} 2>/dev/null || sync; }`,
    );
    return new SshDraft(this, name, start("ssh", sshArguments(this.at, script)));
  }

  async remove(name: string): Promise<void> {
    await this.sh(`rm -f ${quoted(name)} ${quoted(checksumName(name))}`);
  }

  /** A file's size; undefined where it is not there. */
  async bytes(name: string): Promise<number | undefined> {
    const answer = await this.sh(`[ -e ${quoted(name)} ] || exit 0; wc -c < ${quoted(name)}`);
    return answer.trim() === "" ? undefined : Number(answer);
  }

  /** Starts to read a file. */
  read(name: string): Running {
    const running = start("ssh", sshArguments(this.at, this.there(`cat ${quoted(name)}`)));
    running.child.stdin.end();
    return running;
  }

  /** Runs a script in the folder over there. @throws UserError with its last words. */
  async sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await run("ssh", sshArguments(this.at, this.there(script)));
    if (code !== 0) throw this.failure(code, stderr);
    return stdout;
  }

  failure(code: number | null, stderr: string): UserError {
    return new UserError(
      `agatha:backups.to: ${this.url} cannot be used: ${lastWords(code, stderr)}. Try \`ssh ${this.at.login}\`, fix it, then try again.`,
    );
  }

  private there(script: string): string {
    return `umask 077; cd ${quoted(this.at.path)} || exit 1; ${script}`;
  }
}

class SshDraft implements Draft {
  private readonly target: SshTarget;
  private readonly name: string;
  private readonly writer: Running;

  constructor(target: SshTarget, name: string, writer: Running) {
    this.target = target;
    this.name = name;
    this.writer = writer;
    writer.child.stdout.resume();
  }

  async write(chunk: Buffer): Promise<void> {
    const { stdin } = this.writer.child;
    if (stdin.destroyed) throw await this.broken();
    await write(stdin, chunk);
  }

  /** What is there is compared with what was sent: a connection that broke looks there like the end of the file. */
  async keep(sha256: string): Promise<void> {
    this.writer.child.stdin.end();
    const { code, stderr } = await this.writer.ended;
    if (code !== 0) throw this.target.failure(code, stderr);
    const [name, partial, sums] = [this.name, partialName(this.name), checksumName(this.name)].map(quoted);
    await this.target.sh(
      [
        `there=$( (sha256sum ${partial} 2>/dev/null || shasum -a 256 ${partial}) | cut -d" " -f1)`,
        `[ "$there" = ${sha256} ] || { echo "the file that arrived has the checksum $there, and not ${sha256}" >&2; exit 1; }`,
        `printf %s ${quoted(checksumLine(sha256, this.name))} > ${sums}`,
        `mv ${partial} ${name} && { sync . 2>/dev/null || sync; }`,
      ].join(" && "),
    );
  }

  async discard(): Promise<void> {
    this.writer.child.kill("SIGTERM");
    await this.writer.ended.catch(() => undefined);
    const files = [partialName(this.name), checksumName(this.name)].map(quoted).join(" ");
    await this.target.sh(`rm -f ${files}`).catch(() => undefined);
  }

  private async broken(): Promise<UserError> {
    const { code, stderr } = await this.writer.ended;
    return this.target.failure(code, stderr);
  }
}
