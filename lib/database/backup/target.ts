/** Which place `agatha:backups.to` names: a folder of this machine, or one of another host over ssh. */
import { folderTarget } from "./folder.ts";
import type { Target } from "./names.ts";
import { sshTarget } from "./ssh.ts";

/** Where a stack's backups go unless `agatha:backups.to` names another place; made if it is missing. */
export const defaultFolder = (stack: string): string => `.state/backups/${stack}`;

/** @param to `agatha:backups.to`: a folder that is there, or `ssh://user@host[:port]/path`. */
export function targetOf(to: string | undefined, stack: string): Target {
  if (to === undefined) return folderTarget(defaultFolder(stack), true);
  return to.startsWith("ssh://") ? sshTarget(to) : folderTarget(to, false);
}
