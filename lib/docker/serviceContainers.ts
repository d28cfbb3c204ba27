/** A service's containers, found by their labels: during an update, and after one that failed, there can be two. */
import { ofStack, removal } from "./arguments.ts";
import { docker, dockerLines } from "./client.ts";

export interface ServiceContainer {
  id: string;
  name: string;
  /** In docker's words: `running`, `exited`. */
  state: string;
}

/** What the name of a container ends in that keeps serving because the one that was to take over failed. */
const FORMER = "-former";

export const isFormer = (name: string): boolean => name.endsWith(FORMER);

/** Newest first. */
export async function serviceContainers(stack: string, service: string): Promise<ServiceContainer[]> {
  const format = "{{.ID}}\t{{.Names}}\t{{.State}}";
  const args = ["container", "ls", "--all", "--no-trunc", ...ofStack(stack, service), "--format", format];
  return (await dockerLines(args)).map((line) => {
    const [id = "", name = "", state = ""] = line.split("\t");
    return { id, name, state };
  });
}

/** Notes that a container is not the state's: the update that replaced it there failed. The next one sees it by the name. */
export async function markFormer({ id, name }: ServiceContainer): Promise<void> {
  if (!isFormer(name)) await docker(["container", "rename", id, `${name}${FORMER}`]);
}

/** Lets it end by its stop signal, within its grace period, and removes it. */
export async function endContainer({ id, state }: ServiceContainer): Promise<void> {
  if (state === "running") await docker(["stop", id]);
  await docker(removal("container", id));
}
