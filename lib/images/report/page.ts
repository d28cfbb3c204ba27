/** The page that shows where the bytes go: one file that loads nothing, with a treemap and a table for each image. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type HierarchyRectangularNode, hierarchy, treemap } from "d3-hierarchy";
import { type Group, readableBytes } from "./model.ts";
import { percent, type Survey } from "./survey.ts";

/** How many files of a store path are drawn one by one, before the others as one, and how many the table names. */
const [DRAWN, NAMED] = [24, 3];
/** Size that the treemap of the biggest image is laid out for, and the space for a store path's name, in pixels. */
const [WIDTH, HEIGHT, HEADING, GAP] = [1200, 560, 20, 2];

/** What is drawn: an image holds store paths, store paths hold files, which have bytes. */
type Part = { name: string; bytes?: number; children?: Part[] };
type Tile = HierarchyRectangularNode<Part>;

export function page(stack: string, surveys: Survey[]): string {
  const css = readFileSync(join(import.meta.dirname, "page.css"), "utf8");
  const total = surveys.reduce((sum, { bytes }) => sum + bytes, 0);
  const biggest = Math.max(1, ...surveys.map(({ bytes }) => bytes));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Where the bytes go: Agatha, stack ${html(stack)}</title>
<link rel="icon" href="data:,">
<style>
${css}</style>
<h1>Where the bytes go</h1>
<p>${surveys.length} images of stack <b>${html(stack)}</b>, ${readableBytes(total)} in all. What images share is counted in each. Click a store path to enlarge it; Escape takes you back.</p>
${surveys.map((survey) => section(survey, survey.bytes / biggest)).join("\n")}
<script>
addEventListener("keydown", ({ key }) => key === "Escape" && document.querySelector(":target + .out")?.click());
</script>
`;
}

/** @param scale The image's size against the biggest image's. */
function section(survey: Survey, scale: number): string {
  const { attribute, image, bytes, efficiency, software, deployed } = survey;
  const [name = "", tag = ""] = image.ref.split(":");
  const changes = deployed.lines.map((line) => `<li>${html(line)}</li>`).join("");
  return `<section id="${attribute}">
<h2>${html(name)} <b>${readableBytes(bytes)}</b></h2>
<dl>
<div><dt>ref</dt><dd><code>${html(name)}:<wbr>${html(tag)}</code></dd></div>
<div><dt>layers</dt><dd>${image.layers.length}</dd></div>
<div><dt>efficiency</dt><dd>${percent(efficiency.score)}</dd></div>
<div><dt>software</dt><dd><a href="${attribute}.cdx.json">${software.length} components</a></dd></div>
<div><dt>deployed</dt><dd>${html(deployed.summary)}${changes && `<ul>${changes}</ul>`}</dd></div>
</dl>
${map(survey, Math.max(200, HEIGHT * scale))}
${table(survey)}
</section>`;
}

function map({ attribute, image, groups }: Survey, height: number): string {
  const children = groups.filter(({ bytes }) => bytes > 0).map(groupPart);
  const tree = hierarchy<Part>({ name: image.ref.replace(/:.*/, ""), children });
  const layout = treemap<Part>()
    .size([WIDTH, height])
    .paddingInner(GAP)
    .paddingTop(({ depth }) => (depth === 1 ? HEADING : 0));
  const { children: tiles = [] } = layout(tree.sum(({ bytes = 0 }) => bytes));
  const drawn = tiles.map((tile, index) => groupTile(tile, `${attribute}-${index}`, attribute));
  return `<div class="map" style="height:${height.toFixed(0)}px">\n${drawn.join("\n")}\n</div>`;
}

function groupPart(group: Group): Part {
  const files = group.files
    .filter(({ size }) => size > 0)
    .map(({ path, size }) => ({ name: withinGroup(path, group), bytes: size }));
  const rest = files.splice(DRAWN);
  const bytes = rest.reduce((sum, file) => sum + file.bytes, 0);
  if (rest.length > 0) files.push({ name: `${rest.length} smaller files`, bytes });
  return { name: group.name, children: files };
}

/** A store path: a link to itself, which enlarges it (page.css), and the link back. */
function groupTile(tile: Tile, id: string, image: string): string {
  const files = (tile.children ?? []).map((file, index, { length }) => {
    const style = `${place(file)};--rank:${(index / length).toFixed(2)}`;
    return `<span class="tile" style="${style}" title="${about(file)}">${label(file, basename(file.data.name))}</span>`;
  });
  const words = about(tile);
  return `<a class="tile" id="${id}" href="#${id}" style="${place(tile)}" title="${words}" aria-label="${words}">${label(tile, tile.data.name)}<span class="files">${files.join("")}</span></a><a class="out" href="#${image}">zoom out</a>`;
}

const label = ({ value = 0 }: Tile, name: string): string =>
  `<b>${html(name)}</b><small>${readableBytes(value)}</small>`;

/** `lib/modules`, and on the next line `34.4 MB, 55.6 % of jre, 46.4 % of agatha-back-image`. */
function about(tile: Tile): string {
  const [{ data, value = 0 }, ...above] = tile.ancestors() as [Tile, ...Tile[]];
  const shares = above.map((around) => `${share(value, around.value ?? 0)} of ${around.data.name}`);
  return html(`${data.name}\n${[readableBytes(value), ...shares].join(", ")}`);
}

const share = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(1)} %`;

/** Where a tile is: its distances from the edges of its parent's area below the heading, in percent. */
function place({ x0, x1, y0, y1, parent }: Tile): string {
  const area = parent as Tile;
  const top = area.depth === 1 ? area.y0 + HEADING : area.y0;
  const down = (part: number) => percents(part, area.y1 - top);
  const across = (part: number) => percents(part, area.x1 - area.x0);
  return `--at:${down(y0 - top)} ${across(area.x1 - x1)} ${down(area.y1 - y1)} ${across(x0 - area.x0)}`;
}

const percents = (part: number, whole: number): string =>
  `${whole > 0 ? ((part / whole) * 100).toFixed(2) : 0}%`;

/** A file's path in its group; the group's name if the file is the group itself. */
const withinGroup = (path: string, group: Group): string =>
  `/${path}`.slice(group.path.length).replace(/^\//, "") || group.name;

function table({ bytes, groups }: Survey): string {
  const rows = groups
    .filter((group) => group.bytes > 0)
    .map((group) => {
      const files = group.files
        .slice(0, NAMED)
        .filter(({ size }) => size > 0)
        .map((file) => `${html(withinGroup(file.path, group))} <small>${readableBytes(file.size)}</small>`);
      return `<tr><th scope="row" title="${html(group.path)}">${html(group.name)}</th><td>${readableBytes(group.bytes)}</td><td>${share(group.bytes, bytes)}</td><td>${files.join("<br>")}</td></tr>`;
    });
  const head = ["contents", "size", "share", "biggest files"].map((name) => `<th scope="col">${name}</th>`);
  return `<details>
<summary>The same as a table</summary>
<table><tr>${head.join("")}</tr>
${rows.join("\n")}
</table></details>`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text or an attribute's value, which is always in double quotes here. */
const html = (text: string): string => text.replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
