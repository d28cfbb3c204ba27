/** Which folders of a read-only container have to be volumes, so that files can be placed in them. */
import { posix } from "node:path";

/** A folder that a volume is mounted at. */
export interface FileFolder {
  /** Absolute path in the container. */
  path: string;
  /** Whether the image's content is kept; it is not in the service's own folders. */
  keep: boolean;
}

/**
 * The folders for some files: for each its parent, or the service's own folder that it is in. No folder is inside another.
 *
 * @param paths Absolute paths of the files, none directly below the root.
 * @param own The service's own folders.
 */
export function fileFolders(paths: string[], own: string[]): FileFolder[] {
  const wanted = paths.map((path) => own.find((folder) => within(folder, path)) ?? posix.dirname(path));
  const outermost = [...new Set(wanted)].filter(
    (folder) => !wanted.some((other) => other !== folder && within(other, folder)),
  );
  return outermost.sort().map((path) => ({ path, keep: !own.includes(path) }));
}

const within = (folder: string, path: string): boolean => path.startsWith(`${folder}/`);
