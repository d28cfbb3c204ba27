/** The system that images are built for: the docker host's, by Nix's name. */
import { UserError } from "../userError.ts";

/** The systems that images can be built for. */
export const SYSTEMS = ["x86_64-linux", "aarch64-linux"];

/** Nix's names of architectures, by those of docker, podman and Node. */
const ARCHITECTURES: Record<string, string> = { amd64: "x86_64", arm64: "aarch64", x64: "x86_64" };

const architecture = (name: string): string => ARCHITECTURES[name] ?? name;

/** Linux on this machine's architecture, which docker runs on macOS too. */
export const machineSystem = (): string => `${architecture(process.arch)}-linux`;

/** Whether this machine runs programs for the system. */
export const runsHere = (system: string): boolean =>
  system === `${architecture(process.arch)}-${process.platform}`;

/** A docker host's system from `docker info`; undefined if the host does not report it. */
export const systemOf = (osType: string | undefined, arch: string | undefined): string | undefined =>
  osType && arch ? `${architecture(arch)}-${osType}` : undefined;

/** The system that AGATHA_SYSTEM names, which the host may emulate. @throws UserError if no images can be built for it. */
export function askedSystem(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const asked = env["AGATHA_SYSTEM"] || undefined;
  if (asked === undefined || SYSTEMS.includes(asked)) return asked;
  throw new UserError(
    `AGATHA_SYSTEM: "${asked}" is not a system that images are built for. Set it to ${SYSTEMS.join(" or ")}, or unset it: the docker host is asked.`,
  );
}

/** The note of every preview and update while AGATHA_SYSTEM names another system than the host's. */
export const emulationNote = (asked: string, system: string): string =>
  `AGATHA_SYSTEM: images are built for ${asked}, and the docker host is ${system}: it has to emulate that. Unset it to build for the host.`;
