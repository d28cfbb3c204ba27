/** An image's software inventory as CycloneDX 1.6 JSON. The same image gives the same bytes. */
import { hash } from "node:crypto";
import type { Group, Image, Software } from "./model.ts";

/** What looks like an SPDX expression; anything else is a licence's name. */
const SPDX = /^\(?[A-Za-z0-9.+-]+(\)? (OR|AND|WITH) \(?[A-Za-z0-9.+-]+)*\)?$/;

/** @param groups Give a store path its layer and size. @param software What was found, one entry for each `id`. */
export function inventory(image: Image, groups: Group[], software: Software[]): object {
  const byPath = new Map(groups.map((group) => [group.path, group]));
  const parts = withContents(software);
  const ids = new Set(parts.map(({ id }) => id));
  const needed = new Set(parts.flatMap(({ needs }) => needs));
  const [name, tag = ""] = image.ref.split(":");
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
    components: parts.map((part) => component(part, byPath.get(part.id))),
    dependencies: [
      { ref: image.ref, dependsOn: [...ids].filter((id) => !needed.has(id)).sort() },
      ...parts.map(({ id, needs }) => ({ ref: id, dependsOn: needs.filter((need) => ids.has(need)).sort() })),
    ],
  };
}

/** Makes a store path need what was found in it. Sorted, since the order of layers does not matter. */
function withContents(software: Software[]): Software[] {
  const sorted = [...software].sort((a, b) => (a.id < b.id ? -1 : 1));
  const needed = new Set(sorted.flatMap(({ needs }) => needs));
  const free = sorted.filter(({ id }) => !needed.has(id));
  return sorted.map((part) => {
    if (!part.id.startsWith("/nix/store/")) return part;
    const contents = free.filter(({ places }) => places.some((place) => place.startsWith(`${part.id}/`)));
    return { ...part, needs: [...new Set([...part.needs, ...contents.map(({ id }) => id)])] };
  });
}

/** What is undefined here is left out of the JSON. */
function component(part: Software, group: Group | undefined): object {
  const { license } = part;
  const size = group && { "agatha:bytes": String(group.bytes), "agatha:layer": group.layer };
  const notes = properties({ ...part.notes, ...size });
  return {
    type: part.type,
    "bom-ref": part.id,
    group: part.group,
    name: part.name,
    version: part.version,
    hashes: part.sha256 && [{ alg: "SHA-256", content: part.sha256 }],
    licenses: license && [SPDX.test(license) ? { expression: license } : { license: { name: license } }],
    cpe: part.cpe,
    purl: part.purl,
    evidence: { occurrences: [...part.places].sort().map((location) => ({ location })) },
    properties: notes.length === 0 ? undefined : notes,
  };
}

const properties = (map: Record<string, string>): { name: string; value: string }[] =>
  Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));

/** A UUID made of a text: version 8, whose bits applications define themselves. */
export function uuidOf(text: string): string {
  const bytes = hash("sha256", text, "buffer").subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
