/** The images of a stack as its files make them, and everything that the report shows about one, measured once. */
import type { Config } from "../../config/schema.ts";
import { inspect } from "../../docker/client.ts";
import { SERVICES, type ServiceName } from "../../serviceNames.ts";
import { applicationOf, planImages } from "../evaluate.ts";
import { nixArguments, nixBuild } from "../nix.ts";
import { imageRef } from "../plan.ts";
import { efficiency, groups, layerBytes } from "./analyse.ts";
import { imageFrom } from "./archive.ts";
import { type Difference, sinceDeployed } from "./deployed.ts";
import { type Group, type Image, readableBytes, type Software } from "./model.ts";
import { merge, softwareInspector } from "./software.ts";
import { storePaths, storeSoftware } from "./store.ts";

/**
 * Builds what is not built yet, whatever is pinned. @returns The refs.
 * @param folder Gets a link `back-image` to each image's program, which keeps it from Nix's garbage collector.
 */
export async function buildImages(config: Config, folder: string): Promise<Map<ServiceName, string>> {
  const { back, front, packages } = config;
  const unpinned = { ...config, back: { ...back, pin: undefined }, front: { ...front, pin: undefined } };
  const plans = await planImages(unpinned);
  const application = applicationOf(config);
  for (const service of SERVICES) {
    const which = nixArguments(packages, JSON.stringify(application[service]));
    await nixBuild(`${service}-image`, `${folder}/${service}-image`, which);
  }
  return new Map(SERVICES.map((service) => [service, imageRef(plans[service])]));
}

export interface Survey {
  attribute: string;
  image: Image;
  bytes: number;
  /** Whether `bytes` is what docker reports; else it is the sum of the layers' files. */
  loaded: boolean;
  efficiency: ReturnType<typeof efficiency>;
  groups: Group[];
  software: Software[];
  deployed: Difference;
}

/** @param folder As for `buildImages`. */
export async function survey(
  service: ServiceName,
  ref: string,
  folder: string,
  stack: string,
): Promise<Survey> {
  const attribute = `${service}-image`;
  const inspector = softwareInspector();
  const image = { ...(await imageFrom(`${folder}/${attribute}`, [], inspector)), ref };
  const parts = groups(image);
  const paths = parts.map(({ path }) => path).filter((path) => path.startsWith("/nix/store/"));
  // Not loaded, or no docker answers.
  const reported = await inspect<number>("image", ref, ".Size").catch(() => undefined);
  return {
    attribute,
    image,
    bytes: reported ?? layerBytes(image),
    loaded: reported !== undefined,
    efficiency: efficiency(image),
    groups: parts,
    software: merge([...(await storePaths(paths)).flatMap(storeSoftware), ...inspector.found]),
    deployed: await sinceDeployed(image, stack, service),
  };
}

/** How many of the biggest contents a terminal shows. */
const SHOWN = 5;

/** An image as a terminal shows it. */
export function describe({ attribute, image, efficiency, deployed, ...facts }: Survey): string {
  const { bytes, loaded, groups, software } = facts;
  const wasted = efficiency.wasted === 0 ? "" : ` (${readableBytes(efficiency.wasted)} wasted)`;
  const rows: Record<string, string[]> = {
    size: [
      `${readableBytes(bytes)} (${bytes} bytes, ${loaded ? "as docker reports" : "not loaded: sum of its files"})`,
    ],
    layers: [String(image.layers.length)],
    efficiency: [`${percent(efficiency.score)}${wasted}`],
    biggest: groups
      .slice(0, SHOWN)
      .map((group) => `${readableBytes(group.bytes).padStart(9)}  ${group.name}`),
    deployed: [deployed.summary, ...deployed.lines.map((line) => `  ${line}`)],
    software: [`${software.length} components, .state/images/${attribute}.cdx.json`],
  };
  const lines = Object.entries(rows).flatMap(([name, texts]) =>
    texts.map((text, index) => `  ${(index === 0 ? name : "").padEnd(11)}${text}\n`),
  );
  return `${image.ref}\n${lines.join("")}`;
}

/** Rounded down, so that only a full score is shown as 100 %. */
export const percent = (score: number): string => `${(Math.floor(score * 10_000) / 100).toFixed(2)} %`;
