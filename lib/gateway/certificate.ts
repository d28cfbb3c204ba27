/** The gateway's certificate and key: in its volume for the next start, and in HAProxy if it runs. */
import { NOBODY } from "../docker/arguments.ts";
import { docker, inspect, removeLabelled } from "../docker/client.ts";
import { copyInto } from "../docker/volumeFiles.ts";
import { setCertificate } from "./routes.ts";

/** The folder of the gateway's volume. The image has it too, so that a new volume belongs to who uses it. */
const FOLDER = "/var/lib/agatha";

export interface Placement {
  stack: string;
  /** Name of the gateway's container. */
  container: string;
  /** The gateway's image. */
  image: string;
  /** Name of the volume. */
  volume: string;
}

interface State {
  Running: boolean;
  Health?: { Status: string };
}

/** @param pem The certificate with its chain, and the key. @throws UserError in HAProxy's words if it does not take them. */
export async function placeCertificate(
  { stack, container, image, volume }: Placement,
  pem: string,
): Promise<void> {
  const state = await inspect<State>("container", container, ".State");
  const healthy = state?.Health?.Status === "healthy";
  // First: what it refuses would keep it from its next start.
  if (healthy) await setCertificate(container, pem);
  const label = "gateway-certificate";
  // An update that was killed may have left the container that copies.
  await removeLabelled(stack, label);
  await copyInto([volume], {
    ...{ stack, image, owner: NOBODY, label },
    folders: [{ path: FOLDER, keep: true }],
    files: [{ path: `${FOLDER}/site.pem`, content: Buffer.from(pem).toString("base64"), mode: "0400" }],
  });
  // One that cannot start with the former one would be tried again only after up to a minute.
  if (state?.Running && !healthy) await docker(["restart", container]);
}
