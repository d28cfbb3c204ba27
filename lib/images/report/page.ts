/** The page that shows where the bytes go: one file, nothing from elsewhere, readable without scripts too. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Group, megabytes } from "./model.ts";
import { squarify } from "./squarify.ts";
import { percent, type Survey } from "./survey.ts";

/** Files of a store path that are drawn one by one; those below are drawn as one. */
const DRAWN = 24;
/** Files of a store path that the table names. */
const NAMED = 3;

/** What the page's script draws: images hold store paths, store paths hold files. */
interface Node {
  name: string;
  path: string;
  bytes: number;
  /** Further words for its details. */
  about: string;
  children: Node[];
  /** Stands for many small files. */
  rest?: boolean;
}

export function page(stack: string, surveys: Survey[]): string {
  const part = (name: string) => readFileSync(join(import.meta.dirname, "page", name), "utf8");
  const total = surveys.reduce((sum, { bytes }) => sum + bytes, 0);
  const data = JSON.stringify(surveys.map(imageNode)).replaceAll("<", "\\u003c");
  const title = `Where the bytes go: Agatha, stack ${html(stack)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>
${part("page.css")}${part("map.css")}</style>
</head>
<body>
<header>
<h1>Where the bytes go</h1>
<p>${surveys.length} images of stack <b>${html(stack)}</b>, ${megabytes(total)} in all. What images share is counted in each.</p>
</header>
<main>
<section class="cards" aria-label="Images">
${surveys.map(card).join("\n")}
</section>
<section id="map-section" aria-label="Treemap" hidden>
<nav id="crumbs" aria-label="Zoom"></nav>
<div id="map" role="group" aria-label="Treemap of the images; the tables below say the same"></div>
<p id="detail" aria-live="polite"></p>
</section>
<section aria-label="Tables">
<h2>The same as tables</h2>
${surveys.map(table).join("\n")}
</section>
</main>
<div id="tip" hidden></div>
<script type="application/json" id="data">${data}</script>
<script>
${squarify.toString()}
${megabytes.toString()}
${part("page.js")}</script>
</body>
</html>
`;
}

function imageNode({ image, bytes, groups }: Survey): Node {
  const children = groups.filter((group) => group.bytes > 0).map(groupNode);
  return {
    name: imageName(image.ref),
    path: image.ref,
    bytes,
    about: `${image.layers.length} layers`,
    children,
  };
}

function groupNode(group: Group): Node {
  const files = group.files.filter(({ size }) => size > 0);
  const children: Node[] = files.slice(0, DRAWN).map(({ path, size }) => ({
    name: withinGroup(path, group),
    path: `/${path}`,
    bytes: size,
    about: "",
    children: [],
  }));
  const rest = files.slice(DRAWN);
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, { size }) => sum + size, 0);
    children.push({
      name: `${rest.length} smaller files`,
      path: group.path,
      bytes,
      about: "",
      children: [],
      rest: true,
    });
  }
  const about = `${files.length} file${files.length === 1 ? "" : "s"}, layer ${group.layer.slice(7, 19)}`;
  return { name: group.name, path: group.path, bytes: group.bytes, about, children };
}

const imageName = (ref: string): string => ref.replace(/:.*/, "");

/** A file's path below the group it is of; the whole name where it is the group itself. */
function withinGroup(path: string, { path: group, name }: Group): string {
  const below = `/${path}`.slice(group.length).replace(/^\//, "");
  return below === "" ? name : below;
}

function card(
  { attribute, image, bytes, efficiency, groups, software, deployed }: Survey,
  index: number,
): string {
  const total = groups.reduce((sum, group) => sum + group.bytes, 0) || 1;
  const bar = groups
    .filter((group) => group.bytes / total >= 0.004)
    .map(
      (group) =>
        `<i style="flex-grow:${group.bytes}" title="${html(group.name)} ${megabytes(group.bytes)}"></i>`,
    );
  const [name, tag = ""] = image.ref.split(":");
  return `<article class="card" style="--h:var(--hue-${index % 3})">
<h2><a href="#${index}">${html(name ?? "")}</a></h2>
<p class="size">${megabytes(bytes)}</p>
<div class="bar" aria-hidden="true">${bar.join("")}</div>
<dl>
<div><dt>ref</dt><dd><code>${html(name ?? "")}:<wbr>${html(tag)}</code></dd></div>
<div><dt>layers</dt><dd>${image.layers.length}</dd></div>
<div><dt>efficiency</dt><dd>${percent(efficiency.score)}</dd></div>
<div><dt>deployed</dt><dd>${html(deployed.summary)}${deployedLines(deployed.lines)}</dd></div>
<div><dt>software</dt><dd><a href="${attribute}.cdx.json">${software.length} components</a></dd></div>
</dl>
</article>`;
}

const deployedLines = (lines: string[]): string =>
  lines.length === 0 ? "" : `<ul>${lines.map((line) => `<li>${html(line)}</li>`).join("")}</ul>`;

function table({ image, bytes, groups }: Survey): string {
  const rows = groups
    .filter((group) => group.bytes > 0)
    .map((group) => {
      const files = group.files
        .slice(0, NAMED)
        .filter(({ size }) => size > 0)
        .map((file) => `${html(withinGroup(file.path, group))} <small>${megabytes(file.size)}</small>`);
      const share = ((group.bytes / bytes) * 100).toFixed(1);
      return `<tr><th scope="row" title="${html(group.path)}">${html(group.name)}</th><td class="number">${megabytes(group.bytes)}</td><td class="number">${share} %</td><td>${files.join("<br>")}</td></tr>`;
    });
  return `<details>
<summary>${html(imageName(image.ref))}, ${megabytes(bytes)}</summary>
<div class="scroll"><table>
<thead><tr><th scope="col">contents</th><th scope="col">size</th><th scope="col">share</th><th scope="col">biggest files</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table></div>
</details>`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const html = (text: string): string => text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
