/** Which folders of a read-only container have to be volumes, so that files can come into it. */
import { posix } from "node:path";

/** A folder that a volume is mounted at. */
export interface FileFolder {
  /** Absolute path in the container. */
  path: string;
  /** Whether what the image has there is kept: not in a folder that is the service's own. */
  keep: boolean;
}

/**
 * The folders for some files: of each file its own, or the one above that is the service's own; none lies in another.
 *
 * @param paths Absolute paths of the files, none directly below the root.
 * @param own Folders that are the service's own.
 */
export function fileFolders(paths: string[], own: string[]): FileFolder[] {
  const wanted = paths.map((path) => own.find((folder) => within(folder, path)) ?? posix.dirname(path));
  const outermost = [...new Set(wanted)].filter(
    (folder) => !wanted.some((other) => other !== folder && within(other, folder)),
  );
  return outermost.sort().map((path) => ({ path, keep: !own.includes(path) }));
}

const within = (folder: string, path: string): boolean => path.startsWith(`${folder}/`);
