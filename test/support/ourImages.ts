/** The images of this project that a docker host has, so that a test can leave them as it found them. */

/** Runs docker's client and gives the lines that it prints. */
type Docker = (...args: string[]) => Promise<string[]>;

/** Image by ref. An alias moves while others are built, so the ref alone does not tell. */
export async function ourImages(docker: Docker): Promise<Map<string, string>> {
  const format = "{{.Repository}}:{{.Tag}} {{.ID}}";
  const all = await docker("image", "ls", "--filter", "reference=agatha-*", "--format", format);
  return new Map(all.map((image) => image.split(" ") as [string, string]));
}

/**
 * Removes the refs that were absent before, but for those of images that another stack keeps; puts the aliases back.
 *
 * @param stacks The test's own.
 */
export async function restoreImages(
  docker: Docker,
  before: Map<string, string>,
  stacks: string[],
): Promise<void> {
  const now = await ourImages(docker);
  // The image of before may have gone since: another test's, which that one removed.
  for (const [ref, id] of before)
    if (now.has(ref) && now.get(ref) !== id) await docker("tag", id, ref).catch(() => {});
  const own = (ref: string) => stacks.some((stack) => ref.includes(`-${stack}-`));
  const others = new Set([...now].filter(([ref]) => ref.includes(":kept-") && !own(ref)).map(([, id]) => id));
  const added = [...now].filter(([ref, id]) => !before.has(ref) && (own(ref) || !others.has(id)));
  // Another test's stack may run what this one loaded first.
  if (added.length > 0) await docker("image", "rm", ...added.map(([ref]) => ref)).catch(() => {});
}
