/** Puts a service's files, which it reads from standard input, into new volumes; prints their names. */

import { docker, inspect } from "../lib/docker/client.ts";
import { type Placement, placeFiles, readFiles } from "../lib/docker/volumeFiles.ts";
import { run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const files = await readFiles();
  const [stack, label] = [input("STACK"), input("LABEL")];
  await removeForgotten(stack, label);
  const folders = JSON.parse(input("FOLDERS")) as Placement["folders"];
  const names = await placeFiles({
    ...{ folders, files, stack, label },
    owner: input("OWNER"),
    prefix: input("PREFIX"),
    image: await imageOf(JSON.parse(input("COURIER")) as Courier),
  });
  process.stdout.write(`${names.join(" ")}\n`);
});

/** Whose image the courier has: one by its reference, or that of a container, which is sure to be in the daemon. */
type Courier = { image: string } | { container: string };

async function imageOf(courier: Courier): Promise<string> {
  if ("image" in courier) return courier.image;
  const { container } = courier;
  const image = await inspect<string>("container", container, ".Image");
  if (image === undefined)
    throw new UserError(`${container}: its container is gone. Run \`pulumi up --refresh\`.`);
  return image;
}

/** Removes what an update that was killed has left behind; docker refuses to remove what a container uses. */
async function removeForgotten(stack: string, label: string): Promise<void> {
  const filters = ["--filter", `label=agatha.stack=${stack}`, "--filter", `label=agatha.service=${label}`];
  const couriers = await docker(["container", "ls", "--all", "--quiet", ...filters]);
  for (const id of couriers.split("\n").filter(Boolean))
    await run("docker", ["rm", "--force", "--volumes", id]);
  const volumes = await docker(["volume", "ls", "--quiet", "--filter", "dangling=true", ...filters]);
  for (const name of volumes.split("\n").filter(Boolean)) await run("docker", ["volume", "rm", name]);
}
