/** Finds the image that can read an older version's data. */
import { docker, inspect } from "../../docker/client.ts";

/** Images of databases, of whatever version. */
const REPOSITORY = "agatha-db-image";

/** The version of PostgreSQL in an image, as the official image has it in its environment; undefined if it says none. */
export async function majorOfImage(image: string): Promise<number | undefined> {
  const env = (await inspect<string[]>("image", image, ".Config.Env")) ?? [];
  const major = env.find((entry) => entry.startsWith("PG_MAJOR="))?.slice("PG_MAJOR=".length);
  return major === undefined ? undefined : Number(major);
}

/**
 * The image of the database's container; if that is gone, the one of this version that was loaded last.
 *
 * @returns Its id; undefined if docker has none.
 */
export async function imageOf(container: string, major: number): Promise<string | undefined> {
  const own = await inspect<string>("container", container, ".Image");
  if (own !== undefined && (await majorOfImage(own)) === major) return own;
  const listed = await docker(["image", "ls", "--quiet", "--no-trunc", REPOSITORY]);
  const found: { id: string; at: string }[] = [];
  for (const id of new Set(listed.split("\n").filter(Boolean)))
    if ((await majorOfImage(id)) === major)
      found.push({ id, at: (await inspect<string>("image", id, ".Metadata.LastTagTime")) ?? "" });
  return found.sort((a, b) => (a.at < b.at ? 1 : -1))[0]?.id;
}
