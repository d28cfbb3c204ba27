/** What `plainContainers.ts` makes: the docker resources of our stack, as they stand in its state. */
import type * as docker from "@pulumi/docker";

/** Arguments by the resource's name. */
export interface PlainResources {
  networks: Record<string, docker.NetworkArgs>;
  volumes: Record<string, docker.VolumeArgs>;
  containers: Record<string, docker.ContainerArgs>;
}

const KINDS = {
  "docker:index/network:Network": "networks",
  "docker:index/volume:Volume": "volumes",
  "docker:index/container:Container": "containers",
} as const;

interface Exported {
  deployment: { resources: { type: keyof typeof KINDS; urn: string; inputs: object }[] };
}

/**
 * The same for another stack. Its containers are made, but not started: a no-op update looks at none, and two databases must
 * not run on one port. Volumes that are no resources are left out.
 *
 * @param exported What `pulumi stack export` prints.
 */
export function plainResources(exported: string, stack: string, plainStack: string): PlainResources {
  // The stack's name is in the names and labels of everything, and nowhere else.
  const renamed = exported
    .replaceAll(`-${stack}-`, `-${plainStack}-`)
    .replaceAll(`"${stack}"`, `"${plainStack}"`);
  const { deployment } = JSON.parse(renamed, (key, value) =>
    key === "__defaults" ? undefined : value,
  ) as Exported;
  const plain: PlainResources = { networks: {}, volumes: {}, containers: {} };
  for (const { type, urn, inputs } of deployment.resources)
    if (type in KINDS) plain[KINDS[type]][urn.split("::").at(-1) as string] = inputs;
  const volumes = Object.values(plain.volumes).map(({ name }) => name);
  for (const container of Object.values(plain.containers)) {
    const mounts = (container.volumes ?? []) as { volumeName: string }[];
    container.volumes = mounts.filter(({ volumeName }) => volumes.includes(volumeName));
    Object.assign(container, { start: false, mustRun: false });
  }
  return plain;
}
