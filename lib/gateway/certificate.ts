/** The gateway's certificate and key: in its volume for the next start, and in HAProxy if it runs. */
import { NOBODY } from "../docker/arguments.ts";
import { docker, inspect, removeLabelled } from "../docker/client.ts";
import { copyInto } from "../docker/volumeFiles.ts";
import { UserError } from "../userError.ts";
import { ask, isAlive } from "./runtime.ts";

/** The folder of the gateway's volume. The image has it too, so that a new volume belongs to who uses it. */
const FOLDER = "/var/lib/agatha";

/** Its name at the admin socket, too. */
const CERTIFICATE = `${FOLDER}/site.pem`;

interface Volume {
  stack: string;
  /** The gateway's. */
  image: string;
  volume: string;
}

/** @param pem The certificate with its chain, and the key. @throws UserError in HAProxy's words if it does not take them. */
export async function placeCertificate(container: string, volume: Volume, pem: string): Promise<void> {
  const runs = await inspect<boolean>("container", container, ".State.Running");
  // Not by docker's health, which is not known for the first seconds.
  const answers = runs === true && (await isAlive(container));
  // First: what it refuses would keep it from its next start.
  if (answers) await setCertificate(container, pem);
  await write(volume, pem);
  // One that cannot start with the former one would be tried again only after up to a minute.
  if (runs && !answers) await docker(["restart", container]);
}

/** Leaves an empty file where the certificate and its key were: the gateway has no domain any more, or goes. */
export const forgetCertificate = (volume: Volume): Promise<void> => write(volume, "");

async function write({ stack, image, volume }: Volume, pem: string): Promise<void> {
  const label = "gateway-certificate";
  // An update that was killed may have left the container that copies.
  await removeLabelled(stack, label);
  await copyInto([volume], {
    ...{ stack, image, owner: NOBODY, label },
    folders: [{ path: FOLDER, keep: true }],
    files: [{ path: CERTIFICATE, content: Buffer.from(pem).toString("base64"), mode: "0400" }],
  });
}

/**
 * Exchanges the certificate of a gateway that runs. One that was started without a domain has no use for it yet.
 * @throws UserError in HAProxy's words if it refuses it: then the former certificate stays.
 */
export async function setCertificate(gateway: string, pem: string): Promise<void> {
  // An empty line would end the payload.
  const payload = pem.replace(/^\s*\n/gm, "");
  const [taken = "", committed = ""] = await ask(gateway, [
    `set ssl cert ${CERTIFICATE} <<\n${payload.trimEnd()}\n`,
    `commit ssl cert ${CERTIFICATE}`,
  ]);
  if (/^Success!$/m.test(committed) || /not referenced by the configuration/.test(taken)) return;
  await ask(gateway, [`abort ssl cert ${CERTIFICATE}`]);
  const said = `${taken} ${committed}`.replace(/\s+/g, " ").trim();
  throw new UserError(`agatha:gateway.certificate: the gateway does not take it. It says: ${said}`);
}
