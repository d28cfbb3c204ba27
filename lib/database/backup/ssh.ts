/** Backups in a folder of another host, over ssh: with the keys and the configuration that `ssh` has on this machine. */
import { type Running, run, shellWord, start } from "../../process.ts";
import { type SshPlace, sshPlace } from "../../sshUrl.ts";
import { UserError } from "../../userError.ts";
import { freeIn } from "../freeSpace.ts";
import { write } from "./dump.ts";
import { checksumLine, checksumName, type Draft, partialName, type Target } from "./names.ts";

/** The arguments of `ssh` that run a script there: asks for nothing, and does not wait for a host that is away. */
export function sshArguments({ login, port }: SshPlace, script: string): string[] {
  return [
    ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15"],
    ...(port === undefined ? [] : ["-p", port]),
    // One word for the login shell, whichever it is.
    ...["--", login, `sh -c ${shellWord(script)}`],
  ];
}

type Folder = ReturnType<typeof sshFolder>;

/** What can be done in a folder over there. @throws UserError if the URL is none; from its functions with a script's last words. */
export function sshFolder(given: string) {
  const [url, at] = [given.replace(/\/+$/, ""), sshPlace(given)];
  if (at === undefined)
    throw new UserError(`"${given}" is not a place on another host. Write it like ssh://user@host/path.`);
  const args = (script: string) =>
    sshArguments(at, `umask 077; cd ${shellWord(at.path)} || exit 1; ${script}`);
  /** Requires that a script ended well. @returns What it printed. */
  const finished = async (ended: Running["ended"]) => {
    const { code, stdout, stderr } = await ended;
    if (code === 0) return stdout;
    const words = stderr.trim().split("\n").at(-1) || `ssh ended with ${code}`;
    throw new UserError(
      `agatha:backups.to: ${url} cannot be used: ${words}. Try \`ssh ${at.login}\`, fix it, then try again.`,
    );
  };
  return {
    url,
    finished,
    start: (script: string) => start("ssh", args(script)),
    sh: (script: string) => finished(run("ssh", args(script))),
  };
}

/** @throws UserError if the URL is none. */
export function sshTarget(url: string): Target {
  const there = sshFolder(url);
  return {
    place: (name) => (name === "" ? there.url : `${there.url}/${name}`),
    freeBytes: async () =>
      freeIn(await there.sh('[ -w . ] || { echo "the folder is not writable" >&2; exit 1; }; df -Pk .')),
    list: async () => (await there.sh("ls -A")).split("\n").filter(Boolean),
    create: async (name) => draft(there, name),
    async remove(name) {
      await there.sh(`rm -f ${shellWord(name)} ${shellWord(checksumName(name))}`);
    },
  };
}

function draft(there: Folder, file: string): Draft {
  const [name, partial, sums] = [file, partialName(file), checksumName(file)].map(shellWord);
  // noclobber: what is there already stays.
  const { child, ended } = there.start(
    `set -C; [ ! -e ${name} ] || { echo ${name} is there already >&2; exit 1; }; cat > ${partial} && { sync ${partial} 2>/dev/null || sync; }`,
  );
  child.stdout.resume();
  return {
    async write(chunk) {
      // A writer that is gone says why.
      if (child.stdin.destroyed) await there.finished(ended);
      await write(child.stdin, chunk);
    },
    /** What is there is compared with what was sent: there, a connection that broke looks like the end of the file. */
    async keep(sha256) {
      child.stdin.end();
      await there.finished(ended);
      await there.sh(
        [
          `there=$( (sha256sum ${partial} 2>/dev/null || shasum -a 256 ${partial}) | cut -d" " -f1)`,
          `[ "$there" = ${sha256} ] || { echo "the file that arrived has the checksum $there, and not ${sha256}" >&2; exit 1; }`,
          `printf %s ${shellWord(checksumLine(sha256, file))} > ${sums}`,
          `mv ${partial} ${name} && { sync . 2>/dev/null || sync; }`,
        ].join(" && "),
      );
    },
    async discard() {
      child.kill("SIGTERM");
      await ended.catch(() => undefined);
      // Not the checksum of a backup that was there before.
      await there.sh(`[ -e ${name} ] || rm -f ${partial} ${sums}`).catch(() => undefined);
    },
  };
}
