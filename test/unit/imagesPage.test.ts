import { describe, expect, it } from "vitest";
import { configOf } from "../../lib/images/build.ts";
import { page } from "../../lib/images/report/page.ts";
import { squarify } from "../../lib/images/report/squarify.ts";
import { percent, type Survey, words } from "../../lib/images/report/survey.ts";
import { UserError } from "../../lib/userError.ts";

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

describe("a treemap's layout", () => {
  const area = { x: 10, y: 20, width: 600, height: 400 };

  it("gives each part its share of the area, inside it and beside the others", () => {
    const sizes = [60, 30, 20, 20, 10, 5, 3, 1, 0.5, 0];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const parts = squarify(sizes, area);
    expect(parts).toHaveLength(sizes.length);
    parts.forEach(({ x, y, width, height }, index) => {
      expect(width * height).toBeCloseTo(((sizes[index] ?? 0) / total) * 240_000, 2);
      expect(x).toBeGreaterThanOrEqual(10 - 1e-6);
      expect(y).toBeGreaterThanOrEqual(20 - 1e-6);
      expect(x + width).toBeLessThanOrEqual(610 + 1e-6);
      expect(y + height).toBeLessThanOrEqual(420 + 1e-6);
    });
    for (const a of parts)
      for (const b of parts.filter((other) => other !== a)) {
        const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
        const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
        expect(Math.max(0, wide) * Math.max(0, high)).toBeLessThan(1e-3);
      }
  });

  it("keeps parts near squares", () => {
    const parts = squarify([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 6, height: 4 });
    for (const { width, height } of parts) expect(Math.max(width / height, height / width)).toBeLessThan(3);
  });

  it("has nothing to lay out where there is nothing, or no room", () => {
    expect(squarify([], area)).toEqual([]);
    expect(squarify([1, 2], { x: 0, y: 0, width: 0, height: 0 })).toHaveLength(2);
  });
});

describe("the page", () => {
  const html = page(
    "dev",
    ["back", "front", "db"].map((name) => survey(name)),
  );

  it("names each image and what is in it, readable without scripts", () => {
    const withoutScripts = html.replace(/<script.*?<\/script>/gs, "");
    for (const name of ["back", "front", "db"]) {
      expect(withoutScripts).toContain(`agatha-${name}-image:<wbr>abc`);
      expect(withoutScripts).toContain(`href="${name}-image.cdx.json"`);
    }
    expect(withoutScripts).toContain("lib/modules <small>3.0 MB</small>");
  });

  it("takes nothing from elsewhere", () => {
    expect(html).not.toMatch(/https?:|url\(|@import|src=/);
    expect(
      html.match(/(?<=href=")[^"]+/g)?.filter((link) => !/^(#\d|data:,|\w+-image\.cdx\.json)/.test(link)),
    ).toEqual([]);
  });

  it("has data and script that a browser can read, whatever a file is called", () => {
    const odd = page("dev", [survey("back", '</script><b>&"')]);
    const [, data = ""] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(odd) ?? [];
    expect(JSON.parse(data)[0].children[0].children[0].name).toBe('</script><b>&"');
    expect(odd).toContain("&lt;/script&gt;&lt;b&gt;&amp;&quot;");
    const [, script = ""] = /<script>(.*)<\/script>/s.exec(odd) ?? [];
    expect(() => new Function(script)).not.toThrow();
  });
});

describe("what is printed", () => {
  it("rounds an efficiency down, and says what is wasted", () => {
    expect(percent(1)).toBe("100.00 %");
    expect(words(survey("back"))).toMatchInlineSnapshot(`
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

describe("the stack's configuration, read from its file", () => {
  it("takes values as Pulumi does, and needs no secret", () => {
    const config = configOf(
      "prod",
      'config:\n  agatha:packages: debian\n  agatha:back:\n    port: 9000\n    properties: { dbPassword: { secure: abc } }\n  agatha:databasePassword:\n    secure: xyz\n  other:key: "1"\n',
      undefined,
    );
    expect(config).toMatchObject({
      packages: "debian",
      back: { port: 9000, properties: { dbPassword: "a secret" } },
    });
  });

  it("is the defaults where the file is empty", () => {
    expect(configOf("dev", "", "debian").packages).toBe("debian");
  });

  it("is refused in the sentences of the program", () => {
    const wrong = () => configOf("dev", "config:\n  agatha:packages: apt\n", undefined);
    expect(wrong).toThrow(UserError);
    expect(wrong).toThrow(/^agatha:packages: "apt" is not a package set\./);
  });
});
