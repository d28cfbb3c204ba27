/** An image's software inventory as CycloneDX 1.6 JSON: the same image, the same bytes. */
import { createHash } from "node:crypto";
import type { Group, Image, Software } from "./model.ts";

/** An SPDX expression by its looks; anything else is a licence's name. */
const SPDX = /^\(?[A-Za-z0-9.+-]+(\)? (OR|AND|WITH) \(?[A-Za-z0-9.+-]+)*\)?$/;

/**
 * @param software What was found, one entry for each `id`.
 * @param groups What the image's files belong to: gives a store path its layer and its size, and a file its store path.
 */
export function inventory(image: Image, groups: Group[], software: Software[]): object {
  const byPath = new Map(groups.map((group) => [group.path, group]));
  const held = withContents(software);
  const ids = new Set(held.map(({ id }) => id));
  const [name = image.ref, tag = ""] = image.ref.split(":");
  const needed = new Set(held.flatMap(({ needs }) => needs));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(image.ref)}`,
    version: 1,
    metadata: {
      lifecycles: [{ phase: "post-build" }],
      tools: { components: [{ type: "application", name: "npm run images" }] },
      component: {
        type: "container",
        "bom-ref": image.ref,
        name,
        version: tag,
        purl: `pkg:docker/${name}@${tag}`,
        properties: properties(image.config.Labels ?? {}),
      },
    },
    components: held.map((part) => component(part, byPath.get(part.id))),
    dependencies: [
      { ref: image.ref, dependsOn: [...ids].filter((id) => !needed.has(id)).sort() },
      ...held.map(({ id, needs }) => ({ ref: id, dependsOn: needs.filter((need) => ids.has(need)).sort() })),
    ],
  };
}

/** A store path needs what was found in it; sorted, so that the order of layers does not show. */
function withContents(software: Software[]): Software[] {
  const sorted = [...software].sort((a, b) => (a.id < b.id ? -1 : 1));
  const inner = new Set(sorted.flatMap(({ needs }) => needs));
  return sorted.map((part) => {
    if (!part.id.startsWith("/nix/store/")) return part;
    const contents = sorted.filter(
      ({ id, places }) =>
        id !== part.id && !inner.has(id) && places.some((place) => place.startsWith(`${part.id}/`)),
    );
    return { ...part, needs: [...new Set([...part.needs, ...contents.map(({ id }) => id)])] };
  });
}

function component(part: Software, group: Group | undefined): object {
  const notes = {
    ...part.notes,
    ...(group === undefined ? {} : { "agatha:bytes": String(group.bytes), "agatha:layer": group.layer }),
  };
  return {
    type: part.type,
    "bom-ref": part.id,
    ...(part.group === undefined ? {} : { group: part.group }),
    name: part.name,
    ...(part.version === undefined ? {} : { version: part.version }),
    ...(part.sha256 === undefined ? {} : { hashes: [{ alg: "SHA-256", content: part.sha256 }] }),
    ...(part.license === undefined ? {} : { licenses: licenses(part.license) }),
    ...(part.cpe === undefined ? {} : { cpe: part.cpe }),
    ...(part.purl === undefined ? {} : { purl: part.purl }),
    evidence: { occurrences: [...part.places].sort().map((location) => ({ location })) },
    ...(Object.keys(notes).length === 0 ? {} : { properties: properties(notes) }),
  };
}

const licenses = (text: string): object[] =>
  SPDX.test(text) ? [{ expression: text }] : [{ license: { name: text } }];

const properties = (map: Record<string, string>): { name: string; value: string }[] =>
  Object.keys(map)
    .sort()
    .map((name) => ({ name, value: map[name] ?? "" }));

/** A UUID made of a text: version 8, whose bits are the maker's own. */
export function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
