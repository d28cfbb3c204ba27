/** The project's images on a docker host, so that a test can restore them. */

/** Runs the docker client; returns the printed lines. */
type Docker = (...args: string[]) => Promise<string[]>;

/** Image ids by ref. A ref alone is not enough, since aliases move with builds. */
export async function ourImages(docker: Docker): Promise<Map<string, string>> {
  const format = "{{.Repository}}:{{.Tag}} {{.ID}}";
  const all = await docker("image", "ls", "--filter", "reference=agatha-*", "--format", format);
  return new Map(all.map((image) => image.split(" ") as [string, string]));
}

/**
 * Removes refs that were absent before, except those of images that another stack keeps; restores the aliases.
 *
 * @param stacks The test's own.
 */
export async function restoreImages(
  docker: Docker,
  before: Map<string, string>,
  stacks: string[],
): Promise<void> {
  const now = await ourImages(docker);
  // Another test may have removed the earlier image meanwhile.
  for (const [ref, id] of before)
    if (now.has(ref) && now.get(ref) !== id) await docker("tag", id, ref).catch(() => {});
  const own = (ref: string) => stacks.some((stack) => ref.includes(`-${stack}-`));
  const others = new Set([...now].filter(([ref]) => ref.includes(":kept-") && !own(ref)).map(([, id]) => id));
  const added = [...now].filter(([ref, id]) => !before.has(ref) && (own(ref) || !others.has(id)));
  // Another test's stack may use what this one loaded.
  if (added.length > 0) await docker("image", "rm", ...added.map(([ref]) => ref)).catch(() => {});
}
