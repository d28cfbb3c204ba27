/** The back and the front of a stack from before November 2026 published their ports: they give them up for the gateway. */
import { HARDENED, labelled, NOBODY } from "../docker/arguments.ts";
import { docker, inspectAll, removeLabelled } from "../docker/client.ts";
import { serviceContainers } from "../docker/serviceContainers.ts";
import { archiveOf, type PlacedFile } from "../docker/volumeFiles.ts";
import { run } from "../process.ts";
import { ROLLING } from "../serviceNames.ts";
import { messageOf, UserError } from "../userError.ts";

export interface Room {
  stack: string;
  /** The gateway's. */
  image: string;
  /** As docker's client takes them: `127.0.0.1:8000:8001`. */
  ports: string[];
  /** Its configuration. */
  files: PlacedFile[];
  /** The volume with its certificate, and where it is mounted: `agatha-dev-gateway-data:/var/lib/agatha`. */
  volume: string;
}

/** Label of the containers that try whether the gateway can start. */
const LABEL = "gateway-room";

/**
 * Stops the containers that hold the ports, once their successors are healthy. A gateway that could not start is found before:
 * by its image, configuration or certificate without a stop, by its ports after a short one.
 *
 * @throws UserError if it cannot: then they run as before.
 */
export async function makeRoom(room: Room): Promise<string> {
  const { stack, ports } = room;
  const found = await Promise.all(ROLLING.map((service) => serviceContainers(stack, service)));
  const ids = found.flat().map(({ id }) => id);
  const format =
    '{"id":{{json .Id}},"runs":{{json .State.Running}},"published":{{json .HostConfig.PortBindings}}}';
  const holders = (
    await inspectAll<{ id: string; runs: boolean; published: object | null }>("container", ids, format)
  )
    .filter(({ runs, published }) => runs && Object.keys(published ?? {}).length > 0)
    .map(({ id }) => id);
  if (holders.length === 0) return "the gateway's ports are free";
  // An update that was killed may have left some.
  await removeLabelled(stack, LABEL);
  try {
    const alone = await prepare(room, []);
    const published = await prepare(room, ports);
    await docker(["start", "--attach", alone]).catch((error: unknown) => fail(error, "serve as before"));
    await docker(["stop", ...holders]);
    await docker(["start", "--attach", published]).catch(async (error: unknown) => {
      const started = await run("docker", ["start", ...holders]);
      const failed = `could not be started: ${started.stderr.trim()}`;
      fail(error, started.code === 0 ? "serve again as before" : failed);
    });
  } finally {
    await removeLabelled(stack, LABEL);
  }
  return "the back and the front have given their ports to the gateway";
}

/** A container that checks the gateway's configuration when it is started, on those ports. @returns Its id. */
async function prepare({ stack, image, files, volume }: Room, ports: string[]): Promise<string> {
  const id = await docker([
    ...["create", "--pull", "never", ...labelled(stack, LABEL), "--user", NOBODY, ...HARDENED],
    ...["--volume", volume, ...ports.flatMap((port) => ["--publish", port])],
    ...[image, "/bin/agatha-gateway", "check"],
  ]);
  await docker(["cp", "-", `${id}:/`], await archiveOf({ folders: [], files, owner: NOBODY }));
  return id;
}

function fail(error: unknown, holders: string): never {
  throw new UserError(
    `agatha-gateway: cannot take the ports of the back and the front, which ${holders}. ${messageOf(error)}`,
  );
}
