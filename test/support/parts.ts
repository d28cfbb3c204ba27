/** A stack's parts on docker hosts. */
import { type Ended, lines } from "./host.ts";

/** Sorted names of a stack's containers, network and volumes, without the random parts of some. */
export async function partsOf(
  stack: string,
  docker: (...args: string[]) => Promise<Ended>,
): Promise<string[]> {
  const filter = ["--filter", `label=agatha.stack=${stack}`, "--format"];
  const lists = await Promise.all([
    docker("container", "ls", "--all", ...filter, "{{.Names}}"),
    docker("network", "ls", ...filter, "{{.Name}}"),
    docker("volume", "ls", ...filter, "{{.Name}}"),
  ]);
  for (const { code, output } of lists) if (code !== 0) throw new Error(`docker ls: ${output}`);
  return lists
    .flatMap(({ output }) => lines(output))
    .map((name) => name.replace(/-files-\w+-\d+$/, "-files").replace(/-(back|front)-[0-9a-f]{7}$/, "-$1"))
    .sort();
}

const PARTS = [
  ...["back", "back-files", "db", "db-data", "front", "front-files"],
  ...["gateway", "gateway-data", "gateway-files", "network"],
];

/** The result of `partsOf` for a running stack whose back and front have files. */
export const allParts = (stack: string): string[] => PARTS.map((part) => `agatha-${stack}-${part}`);
