/** Which place `agatha:backups.to` names: a folder of this machine, or one of another host over ssh. */
import { FolderTarget } from "./folder.ts";
import { SshTarget } from "./ssh.ts";
import type { Target } from "./target.ts";

/** Where a stack's backups go unless `agatha:backups.to` names another place; made where it is missing. */
export const defaultFolder = (stack: string): string => `.state/backups/${stack}`;

/** @param to `agatha:backups.to`: a folder that is there, or `ssh://user@host[:port]/path`. */
export function targetOf(to: string | undefined, stack: string): Target {
  if (to === undefined) return new FolderTarget(defaultFolder(stack), true);
  return to.startsWith("ssh://") ? new SshTarget(to) : new FolderTarget(to, false);
}
