// Draws the treemap. Runs in the page, which has squarify(), megabytes() and the data before this.
/* global squarify, megabytes */

const byId = (id) => document.getElementById(id);
const images = JSON.parse(byId("data").textContent);
const root = {
  name: "all images",
  path: "",
  bytes: images.reduce((sum, { bytes }) => sum + bytes, 0),
  about: "",
  children: images,
};
const [map, crumbs, detail, tip] = ["map", "crumbs", "detail", "tip"].map(byId);
const KINDS = ["root", "image", "path", "file"];
/** Pixels between parts, of a heading, and below which nothing is drawn inside. */
const [GAP, HEADING, SMALLEST] = [2, { root: 0, image: 24, path: 20 }, 14];

const share = (part, whole) => `${((part.bytes / whole.bytes) * 100).toFixed(1)} %`;

/** The place that the address names: `#0.3` is the fourth store path of the first image. */
function zoomed() {
  const indices = location.hash.slice(1).split(".").filter(Boolean).map(Number);
  const trail = [root];
  for (const index of indices) {
    const next = trail.at(-1).children[index];
    if (next === undefined || next.children.length === 0) break;
    trail.push(next);
  }
  return { trail, indices: indices.slice(0, trail.length - 1) };
}

function draw() {
  const { trail, indices } = zoomed();
  drawCrumbs(trail, indices);
  map.replaceChildren();
  tip.hidden = true;
  detail.replaceChildren("Point at a part to see what it is; click one, or press Enter on it, to zoom in.");
  const area = { x: 0, y: 0, width: map.clientWidth, height: map.clientHeight };
  place(trail.at(-1), area, { trail, indices });
}

function drawCrumbs(trail, indices) {
  const parts = trail.map((node, depth) => {
    const last = depth === trail.length - 1;
    const part = document.createElement(last ? "b" : "a");
    if (!last) part.href = `#${indices.slice(0, depth).join(".")}`;
    part.textContent = node.name;
    return part;
  });
  const sum = document.createElement("span");
  sum.className = "sum";
  sum.textContent = `${megabytes(trail.at(-1).bytes)}${trail.length > 1 ? `, ${share(trail.at(-1), trail.at(-2))} of ${trail.at(-2).name}` : ""}`;
  crumbs.replaceChildren(...parts, sum);
}

/** Draws what is in `node` into `area`; headings of what holds more, then that. */
function place(node, area, { trail, indices }) {
  const parts = squarify(
    node.children.map(({ bytes }) => bytes),
    area,
  );
  node.children.forEach((child, index) => {
    const inner = shrink(parts[index]);
    if (inner.width < 1 || inner.height < 1) return;
    const where = { trail: [...trail, child], indices: [...indices, index] };
    map.append(tile(child, inner, where, index / node.children.length));
    if (child.children.length === 0) return;
    const heading = HEADING[KINDS[where.trail.length - 1]];
    const below = {
      x: inner.x + GAP,
      y: inner.y + heading,
      width: inner.width - 2 * GAP,
      height: inner.height - heading - GAP,
    };
    if (below.width >= SMALLEST && below.height >= SMALLEST) place(child, below, where);
  });
}

const shrink = ({ x, y, width, height }) => ({
  x: x + GAP / 2,
  y: y + GAP / 2,
  width: width - GAP,
  height: height - GAP,
});

function tile(node, area, where, rank) {
  const { trail, indices } = where;
  const kind = KINDS[trail.length - 1];
  const part = document.createElement("button");
  part.type = "button";
  part.className = `tile ${node.rest ? "rest" : kind}`;
  for (const [name, value] of Object.entries({ left: "x", top: "y", width: "width", height: "height" }))
    part.style[name] = `${area[value].toFixed(2)}px`;
  part.style.setProperty("--h", `var(--hue-${indices[0] % 3})`);
  part.style.setProperty("--r", rank.toFixed(3));
  // The many small parts are in the tables below, so that the keyboard passes by what can be zoomed into.
  if (node.children.length === 0) part.tabIndex = -1;
  part.setAttribute(
    "aria-label",
    `${node.name}, ${megabytes(node.bytes)}, ${share(node, trail.at(-2))} of ${trail.at(-2).name}`,
  );
  label(part, node, area);
  part.addEventListener("pointermove", (event) => showTip(event, node, trail));
  part.addEventListener("pointerleave", () => (tip.hidden = true));
  part.addEventListener("focus", () => describe(node, trail));
  part.addEventListener("click", () => {
    if (node.children.length > 0) location.hash = indices.join(".");
    else choose(part, node, trail);
  });
  return part;
}

/** Name and size, as far as there is room for them. */
function label(part, node, { width, height }) {
  if (width < 44 || height < 15) {
    part.style.padding = "0";
    return;
  }
  const [name, bytes] = [document.createElement("span"), document.createElement("small")];
  // Of a file, the last step of its path says most.
  name.textContent = node.children.length > 0 || width > 150 ? node.name : node.name.split("/").at(-1);
  bytes.textContent = megabytes(node.bytes);
  part.append(name);
  const oneLine = node.children.length > 0 || height < 36;
  if (oneLine) part.classList.add("inline");
  if (width > (oneLine ? 120 : 60)) part.append(bytes);
}

function choose(part, node, trail) {
  map.querySelector(".chosen")?.classList.remove("chosen");
  part.classList.add("chosen");
  describe(node, trail);
}

function describe(node, trail) {
  const name = document.createElement("b");
  name.textContent = node.name;
  const shares = trail.slice(0, -1).map((above) => `${share(node, above)} of ${above.name}`);
  const words = [megabytes(node.bytes), ...shares.reverse(), node.about].filter(Boolean).join(", ");
  detail.replaceChildren(name, ` ${words}`, document.createElement("br"), node.path);
}

function showTip(event, node, trail) {
  const name = document.createElement("b");
  name.textContent = node.name;
  const above = trail.at(-2);
  const about = node.about === "" ? "" : `, ${node.about}`;
  tip.replaceChildren(
    name,
    document.createElement("br"),
    `${megabytes(node.bytes)}, ${share(node, above)} of ${above.name}${about}`,
  );
  tip.hidden = false;
  const { offsetWidth, offsetHeight } = tip;
  const [x, y] = [event.clientX + 14, event.clientY + 16];
  tip.style.left = `${Math.max(4, Math.min(x, innerWidth - offsetWidth - 8))}px`;
  tip.style.top = `${y + offsetHeight > innerHeight ? event.clientY - offsetHeight - 12 : y}px`;
}

addEventListener("hashchange", draw);
addEventListener("keydown", (event) => {
  const { indices } = zoomed();
  if (event.key === "Escape" && indices.length > 0) location.hash = indices.slice(0, -1).join(".");
});
byId("map-section").hidden = false;
new ResizeObserver(draw).observe(map);
