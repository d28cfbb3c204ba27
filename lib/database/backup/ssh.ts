/** Backups in a folder of another host, over ssh: with the keys and the configuration that `ssh` has on this machine. */
import { type Running, run, start } from "../../process.ts";
import { type SshPlace, sshPlace } from "../../sshUrl.ts";
import { UserError } from "../../userError.ts";
import { freeIn } from "../freeSpace.ts";
import { write } from "./dump.ts";
import { checksumLine, checksumName, type Draft, partialName, type Target } from "./names.ts";

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
    `sh -c ${shellQuoted(script)}`,
  ];
}

/** A word for the shell over there. */
export const shellQuoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** What can be done in a folder over there. */
interface Place {
  url: string;
  /** Starts a script. */
  start(script: string): Running;
  /** Runs a script and gives what it prints. @throws UserError with its last words. */
  sh(script: string): Promise<string>;
  /** Requires that a script that was started ends well. @throws UserError with its last words. */
  finished(running: Running): Promise<void>;
}

function placeAt(given: string): Place {
  const [url, at] = [given.replace(/\/+$/, ""), sshPlace(given)];
  if (at === undefined)
    throw new UserError(`"${given}" is not a place on another host. Write it like ssh://user@host/path.`);
  const args = (script: string) =>
    sshArguments(at, `umask 077; cd ${shellQuoted(at.path)} || exit 1; ${script}`);
  const requireEnd = ({ code, stderr }: { code: number | null; stderr: string }) => {
    if (code === 0) return;
    const words = stderr.trim().split("\n").at(-1) || `ssh ended with ${code}`;
    throw new UserError(
      `agatha:backups.to: ${url} cannot be used: ${words}. Try \`ssh ${at.login}\`, fix it, then try again.`,
    );
  };
  return {
    url,
    start: (script) => start("ssh", args(script)),
    async sh(script) {
      const result = await run("ssh", args(script));
      requireEnd(result);
      return result.stdout;
    },
    finished: async ({ ended }) => requireEnd(await ended),
  };
}

/** @throws UserError if the URL is none. */
export function sshTarget(url: string): Target {
  const there = placeAt(url);
  return {
    place: (name) => (name === "" ? there.url : `${there.url}/${name}`),
    async freeBytes() {
      const answer = await there.sh(
        '[ -w . ] || { echo "the folder is not writable" >&2; exit 1; }; df -Pk .',
      );
      const free = freeIn(answer);
      if (!Number.isFinite(free))
        throw new UserError(
          `agatha:backups.to: df at ${there.url} answered "${answer.trim()}". Check that folder.`,
        );
      return free;
    },
    list: async () => (await there.sh("ls -A")).split("\n").filter(Boolean),
    create: async (name) => draft(there, name),
    async remove(name) {
      await there.sh(`rm -f ${shellQuoted(name)} ${shellQuoted(checksumName(name))}`);
    },
  };
}

function draft(there: Place, file: string): Draft {
  const [name, partial, sums] = [file, partialName(file), checksumName(file)].map(shellQuoted);
  // noclobber: what is there already stays.
  const writer = there.start(
    `set -C; [ ! -e ${name} ] && cat > ${partial} && { sync ${partial} 2>/dev/null || sync; }`,
  );
  const { child } = writer;
  child.stdout.resume();
  return {
    async write(chunk) {
      // A writer that is gone says why.
      if (child.stdin.destroyed) await there.finished(writer);
      await write(child.stdin, chunk);
    },
    /** What is there is compared with what was sent: there, a connection that broke looks like the end of the file. */
    async keep(sha256) {
      child.stdin.end();
      await there.finished(writer);
      await there.sh(
        [
          `there=$( (sha256sum ${partial} 2>/dev/null || shasum -a 256 ${partial}) | cut -d" " -f1)`,
          `[ "$there" = ${sha256} ] || { echo "the file that arrived has the checksum $there, and not ${sha256}" >&2; exit 1; }`,
          `printf %s ${shellQuoted(checksumLine(sha256, file))} > ${sums}`,
          `mv ${partial} ${name} && { sync . 2>/dev/null || sync; }`,
        ].join(" && "),
      );
    },
    async discard() {
      child.kill("SIGTERM");
      await writer.ended.catch(() => undefined);
      await there.sh(`rm -f ${partial} ${sums}`).catch(() => undefined);
    },
  };
}

/** Files of a folder over there, to be fetched. */
export function sshSource(url: string) {
  const there = placeAt(url);
  return {
    /** A file's size; undefined if it is not there. */
    async bytes(name: string): Promise<number | undefined> {
      const answer = await there.sh(`[ -e ${shellQuoted(name)} ] || exit 0; wc -c < ${shellQuoted(name)}`);
      return answer.trim() === "" ? undefined : Number(answer);
    },
    /** Starts to read a file. */
    read(name: string): Running {
      const running = there.start(`cat ${shellQuoted(name)}`);
      running.child.stdin.end();
      return running;
    },
    finished: there.finished,
  };
}
