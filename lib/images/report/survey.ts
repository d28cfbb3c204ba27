/** All that is told of an image, in one place: measured once, shown as text, page and inventory. */

import type { Built } from "../build.ts";
import { type Efficiency, efficiency, groups, layerBytes } from "./analyse.ts";
import { imageFrom, sinceDeployed, sizeInDocker } from "./daemon.ts";
import type { Difference } from "./deployed.ts";
import { type Group, type Image, megabytes, type Software } from "./model.ts";
import { merge, softwareInspector } from "./software.ts";
import { storePaths, storeSoftware } from "./store.ts";

export interface Survey {
  attribute: string;
  image: Image;
  bytes: number;
  /** Whether `bytes` is what docker reports; else it is the sum of the layers' files. */
  loaded: boolean;
  efficiency: Efficiency;
  groups: Group[];
  software: Software[];
  deployed: Difference;
}

export async function survey(
  { attribute, service, ref, program }: Built,
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<Survey> {
  const inspector = softwareInspector();
  const image = { ...(await imageFrom(program, [], env, inspector)), ref };
  const parts = groups(image);
  const paths = parts.map(({ path }) => path).filter((path) => path.startsWith("/nix/store/"));
  const known = await storePaths(paths, env);
  const reported = await sizeInDocker(ref, env);
  return {
    attribute,
    image,
    bytes: reported ?? layerBytes(image),
    loaded: reported !== undefined,
    efficiency: efficiency(image),
    groups: parts,
    software: merge([...known.flatMap(storeSoftware), ...inspector.found]),
    deployed: await sinceDeployed(image, stack, service, env),
  };
}

/** Contents that are shown in a terminal. */
const SHOWN = 5;

/** An image in the terminal. */
export function words({
  attribute,
  image,
  bytes,
  loaded,
  efficiency,
  groups,
  software,
  deployed,
}: Survey): string {
  const wasted = efficiency.wasted === 0 ? "" : ` (${megabytes(efficiency.wasted)} wasted)`;
  const biggest = groups
    .slice(0, SHOWN)
    .map((group) => `${megabytes(group.bytes).padStart(9)}  ${group.name}`);
  const rows: [string, string[]][] = [
    [
      "size",
      [
        `${megabytes(bytes)} (${bytes} bytes, ${loaded ? "as docker reports" : "not loaded: sum of its files"})`,
      ],
    ],
    ["layers", [String(image.layers.length)]],
    ["efficiency", [`${percent(efficiency.score)}${wasted}`]],
    ["biggest", biggest],
    ["deployed", [deployed.summary, ...deployed.lines.map((line) => `  ${line}`)]],
    ["software", [`${software.length} components, .state/images/${attribute}.cdx.json`]],
  ];
  const text = rows.map(([name, lines]) =>
    lines.map((line, index) => `  ${(index === 0 ? name : "").padEnd(11)}${line}\n`).join(""),
  );
  return `${image.ref}\n${text.join("")}`;
}

/** Rounded down: 100 % is said of nothing less. */
export const percent = (score: number): string => `${(Math.floor(score * 10_000) / 100).toFixed(2)} %`;
