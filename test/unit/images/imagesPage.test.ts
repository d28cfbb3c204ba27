import { describe, expect, it } from "vitest";
import { page } from "../../../lib/images/report/page.ts";
import { describe as described, percent, type Survey } from "../../../lib/images/report/survey.ts";

const PATH = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-jre";

const survey = (name: string, file = "lib/modules"): Survey => ({
  attribute: `${name}-image`,
  image: { ref: `agatha-${name}-image:abc`, layers: [], config: {} },
  bytes: 3_000_000,
  loaded: false,
  efficiency: { score: 0.99999, wasted: 30 },
  groups: [
    {
      path: PATH,
      name: "jre",
      bytes: 3_000_000,
      files: [{ path: `${PATH.slice(1)}/${file}`, size: 3_000_000 }],
      layer: "sha256:0123456789abcdef",
    },
  ],
  software: [],
  deployed: { summary: "differs from agatha-back-image:old: no layer is new", lines: ["~ configuration"] },
});

/** The tiles of a page: what each is called, and the share of the area around it that it takes. */
const tiles = (html: string) =>
  [...html.matchAll(/class="tile"[^>]*style="([^"]*)"[^>]*title="([^"]*)"/g)].map(([, style = "", title]) => {
    const edges = (style.match(/[\d.]+(?=%)/g) ?? []).map(Number);
    const [top = 0, right = 0, bottom = 0, left = 0] = edges;
    const [width, height] = [100 - left - right, 100 - top - bottom];
    return { title, edges, width, height, share: (width * height) / 10_000 };
  });

describe("the treemap", () => {
  it("gives each store path and each file its share of the area, with its name and size in its title", () => {
    const back = survey("back");
    const [group] = back.groups;
    if (group === undefined) throw new Error("no group");
    const file = (name: string, size: number) => ({ path: `${PATH.slice(1)}/${name}`, size });
    group.files = [file("big", 2_000_000), file("small", 1_000_000), file("empty", 0)];
    back.groups.push({
      ...group,
      path: "/etc",
      name: "/etc",
      bytes: 1_500_000,
      files: [{ path: "etc/x", size: 1_500_000 }],
    });
    const found = tiles(page("dev", [back]));
    expect(found.map(({ title }) => title)).toEqual([
      "jre\n3.0 MB, 66.7 % of agatha-back-image",
      "big\n2.0 MB, 66.7 % of jre, 44.4 % of agatha-back-image",
      "small\n1.0 MB, 33.3 % of jre, 22.2 % of agatha-back-image",
      "/etc\n1.5 MB, 33.3 % of agatha-back-image",
      "x\n1.5 MB, 100.0 % of /etc, 33.3 % of agatha-back-image",
    ]);
    // The gaps between tiles are small.
    [0.667, 0.667, 0.333, 0.333, 1].forEach((share, index) => {
      expect(found[index]?.share).toBeGreaterThan(share - 0.01);
      expect(found[index]?.share).toBeLessThan(share + 0.01);
    });
    for (const { edges } of found) {
      expect(edges).toHaveLength(4);
      for (const edge of edges) expect(edge).toBeGreaterThanOrEqual(0);
    }
  });

  it("draws small files as one, and has a place for tiny store paths", () => {
    const back = survey("back");
    const group = back.groups[0] as Survey["groups"][number];
    group.files = Array.from({ length: 1000 }, (_, i) => ({ path: `${PATH.slice(1)}/f${i}`, size: 3000 }));
    for (let i = 0; i < 50; i++) back.groups.push({ ...group, path: `/t${i}`, name: `/t${i}`, bytes: 1 });
    const found = tiles(page("dev", [back]));
    expect(found[24]?.title).toMatch(/^f23\n3.0 kB/);
    expect(found[25]?.title).toMatch(/^976 smaller files\n2.9 MB, 97\.6 % of jre/);
    for (const { width, height } of found) {
      expect(width).toBeGreaterThanOrEqual(-0.02);
      expect(height).toBeGreaterThanOrEqual(-0.02);
    }
  });

  it("is empty for an image without files", () => {
    const html = page("dev", [{ ...survey("back"), groups: [], bytes: 0 }]);
    expect(tiles(html)).toEqual([]);
    expect(html).toContain('<div class="map" style="height:200px">');
  });
});

describe("the page", () => {
  const html = page(
    "dev",
    ["back", "front", "db"].map((name) => survey(name)),
  );

  it("names each image and what is in it", () => {
    for (const name of ["back", "front", "db"]) {
      expect(html).toContain(`agatha-${name}-image:<wbr>abc`);
      expect(html).toContain(`href="${name}-image.cdx.json"`);
    }
    expect(html).toContain("lib/modules <small>3.0 MB</small>");
    expect(html).toContain("<li>~ configuration</li>");
  });

  it("loads nothing from elsewhere, and none of its links is dangling", () => {
    expect(html).not.toMatch(/https?:|url\(|@import|src=/);
    for (const [, link = ""] of html.matchAll(/href="([^"]+)"/g))
      if (link.startsWith("#")) expect(html.split(`id="${link.slice(1)}"`)).toHaveLength(2);
      else expect(link).toMatch(/^(data:,|\w+-image\.cdx\.json)$/);
  });

  it("can be read by a browser, whatever a file is called", () => {
    const odd = page("dev", [survey("back", '</script><b>&"')]);
    expect(odd.match(/<script|<\/script>/g)).toHaveLength(2);
    expect(odd).toContain("&lt;/script&gt;&lt;b&gt;&amp;&quot;");
    const [, script = ""] = /<script>(.*)<\/script>/s.exec(odd) ?? [];
    expect(() => new Function(script)).not.toThrow();
  });
});

describe("what is printed", () => {
  it("rounds the efficiency down, and says what is wasted", () => {
    expect(percent(1)).toBe("100.00 %");
    expect(described(survey("back"))).toMatchInlineSnapshot(`
      "agatha-back-image:abc
        size       3.0 MB (3000000 bytes, not loaded: sum of its files)
        layers     0
        efficiency 99.99 % (0.0 kB wasted)
        biggest       3.0 MB  jre
        deployed   differs from agatha-back-image:old: no layer is new
                     ~ configuration
        software   0 components, .state/images/back-image.cdx.json
      "
    `);
  });
});
