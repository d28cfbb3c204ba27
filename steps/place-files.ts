/**
 * Puts a service's files, read from standard input, into new volumes, and prints the volumes' names. Of a service that cannot
 * run twice (`STOP`), it then stops the container that runs, since the next thing is to start another one.
 */
import { inspect, removeLabelled } from "../lib/docker/client.ts";
import { type Placement, placeFiles, readFiles } from "../lib/docker/volumeFiles.ts";
import { stopForNext } from "../lib/gateway/takeOver.ts";
import type { RollingName } from "../lib/serviceNames.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const files = await readFiles();
  const [stack, label] = [input("STACK"), input("LABEL")];
  // An update that was killed may have left some.
  await removeLabelled(stack, label);
  const names = await placeFiles({
    ...{ files, stack, label },
    folders: JSON.parse(input("FOLDERS")) as Placement["folders"],
    owner: input("OWNER"),
    prefix: input("PREFIX"),
    image: await imageOf(JSON.parse(input("COURIER")) as Courier),
  });
  const stop = process.env["STOP"];
  if (stop !== undefined) await stopForNext(stack, stop as RollingName);
  return names.join(" ");
});

/** The image for the container that copies: a reference, or the image of a container, which docker is sure to have. */
type Courier = { image: string } | { container: string };

async function imageOf(courier: Courier): Promise<string> {
  if ("image" in courier) return courier.image;
  const image = await inspect<string>("container", courier.container, ".Image");
  if (image !== undefined) return image;
  throw new UserError(`${courier.container}: its container is gone. Run \`pulumi up --refresh\`.`);
}
