/** `npm run images` on the real images: budgets, forbidden content, the page and the inventories. */
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { efficiency, groupOf, groups, layerBytes, visibleFiles } from "../../lib/images/report/analyse.ts";
import { imageFrom } from "../../lib/images/report/archive.ts";
import type { Image } from "../../lib/images/report/model.ts";
import { storePaths } from "../../lib/images/report/store.ts";
import { openBrowser } from "../support/browser.ts";
import { cycloneDxErrors } from "../support/cyclonedx.ts";
import { execute } from "../support/host.ts";
import { Page } from "../support/page.ts";

const FOLDER = resolve(".state/images");
const IMAGES = ["back", "front", "db", "gateway"] as const;
/** Megabytes at most, by package set. */
const BUDGETS = {
  debian: { back: 150, front: 120, db: 150, gateway: 40 },
  // Estimates (docs/images.md), plus a tenth.
  nixpkgs: { back: 180, front: 220, db: 440, gateway: 40 },
};
const BUDGET = BUDGETS[process.env["AGATHA_PACKAGES"] === "nixpkgs" ? "nixpkgs" : "debian"];

const stack = `test-${process.env["AGATHA_TEST_RUN"] ?? "hand"}-${randomBytes(3).toString("hex")}`;
const folder = mkdtempSync(join(tmpdir(), "agatha-images-"));
const containers: string[] = [];
/** Refs that were not in docker before. */
const loaded: string[] = [];
let printed: string;
const images = {} as Record<(typeof IMAGES)[number], Image>;

/** The command of docs/images.md, on a stack without a file: with the defaults. */
const page = new Page("docs/images.md", "integration/images.test.ts", {
  stacks: {},
  env: { ...process.env, AGATHA_STACK: stack },
});
const run = (): Promise<string> => page.run("images");

const docker = async (...args: string[]): Promise<string> => {
  const { code, output } = await execute("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${output}`);
  return output.trim();
};

/** Loads an image and creates a container of it as a service of the stack. @returns The ref. */
async function deploy(service: string, program: string): Promise<string> {
  const { ref } = await imageFrom(program);
  if ((await execute("docker", ["image", "inspect", ref])).code !== 0) {
    loaded.push(ref);
    expect((await execute("sh", ["-c", '"$0" | docker load', program])).code).toBe(0);
  }
  const labels = ["--label", `agatha.stack=${stack}`, "--label", `agatha.service=${service}`];
  containers.push(await docker("create", ...labels, ref));
  return ref;
}

beforeAll(async () => {
  printed = await run();
  for (const name of IMAGES) images[name] = await imageFrom(join(FOLDER, `${name}-image`));
});

afterAll(async () => {
  await page.end();
  if (containers.length > 0) await execute("docker", ["rm", "--force", ...containers]);
  if (loaded.length > 0) await execute("docker", ["image", "rm", ...loaded]);
  rmSync(folder, { recursive: true });
});

describe.each(IMAGES)("the image of %s", (name) => {
  const paths = () => visibleFiles(images[name]).map(({ path }) => path);

  it("has everything that Nix says its contents need, and nothing else", async () => {
    const held = groups(images[name]).flatMap(({ path }) => (path.startsWith("/nix/store/") ? [path] : []));
    const known = await storePaths(held);
    expect(known.map(({ path }) => path).sort()).toEqual([...held].sort());
    const needed = new Set(known.flatMap(({ references }) => references));
    expect([...needed].filter((path) => !held.includes(path))).toEqual([]);
    // The links at the root lead to what the image is for.
    const linked = new Set(
      visibleFiles(images[name]).flatMap(({ path, link = "" }) =>
        path.startsWith("nix/") ? [] : groupOf(link.slice(1)),
      ),
    );
    expect(held.filter((path) => !needed.has(path) && !linked.has(path))).toEqual([]);
  });

  it("stays within its budget", () => {
    expect(layerBytes(images[name]) / 1e6).toBeLessThanOrEqual(BUDGET[name]);
  });

  it("wastes nothing: 99 % or better as dive counts it", () => {
    expect(efficiency(images[name]).score).toBeGreaterThanOrEqual(0.99);
  });

  it.each([
    ["npm", /(^|\/)node_modules\/(npm|corepack)\/|(^|\/)(npm|npx|corepack|yarn)$/],
    ["Python", /(^|\/)(lib)?python[\d.]*($|\/|\.so)|\.pyc?$/],
    ["documentation", /\/share\/(doc|man|info|gtk-doc)\/|\/legal\//],
    ["files that only compilers need", /\.(a|la|h|hpp|pc|map)$|\/include\/|\/pgxs\//],
    ["separate debug symbols", /\.(debug|debuginfo|diz|pdb)$|\/\.build-id\//],
    ["another database's driver", /(mysql|mariadb|ojdbc|mssql|sqlite|h2|derby|snowflake)[^/]*\.jar$/],
  ])("has no %s", (_what, pattern) => {
    expect(paths().filter((path) => pattern.test(path))).toEqual([]);
  });

  it("has at most one Java, one Node and one C library", () => {
    const count = (pattern: RegExp) =>
      visibleFiles(images[name]).filter(({ path, size }) => pattern.test(path) && size > 0).length;
    expect(count(/\/libjvm\.so$/)).toBe(name === "back" ? 1 : 0);
    expect(count(/\/bin\/node$/)).toBe(name === "front" ? 1 : 0);
    expect(count(/\/libc\.so\.6$/)).toBe(1);
  });
});

it("has programs and libraries without debug information", async () => {
  const store = [
    ...new Set(IMAGES.flatMap((name) => visibleFiles(images[name]).map(({ path }) => `/${path}`))),
  ];
  const programs = store.filter((path) =>
    /^\/nix\/store\/.*(\/bin\/[^/]+|\.so[.\d]*|\/libexec\/[^/]+)$/.test(path),
  );
  const { output } = await execute("readelf", ["--sections", "--wide", ...programs]);
  expect(output).toContain(".text");
  expect(output.match(/\.debug_info/g)).toBeNull();
});

describe("the inventories", () => {
  const read = (name: string) => readFileSync(join(FOLDER, `${name}-image.cdx.json`), "utf8");

  it("are valid, and the same when made again", async () => {
    const before = IMAGES.map(read);
    expect(before.flatMap((text) => cycloneDxErrors(JSON.parse(text)))).toEqual([]);
    for (const name of IMAGES) rmSync(join(FOLDER, `${name}-image.cdx.json`));
    await run();
    expect(IMAGES.map(read)).toEqual(before);
  });

  const purls = (name: string): string[] => {
    const { components } = JSON.parse(read(name));
    return (components as { purl?: string }[]).flatMap(({ purl }) => purl ?? []);
  };

  it("of the back has jars with their Maven coordinates, and its JRE", () => {
    expect(purls("back")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^pkg:maven\/org\.flywaydb\/flyway-core@\d/),
        expect.stringMatching(/^pkg:maven\/org\.postgresql\/postgresql@\d/),
        expect.stringMatching(/^pkg:generic\/nix\/\w*jdk@17/),
      ]),
    );
  });

  it("of the front has http-server, its dependencies, and Node", () => {
    expect(purls("front")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^pkg:npm\/http-server@\d/),
        expect.stringMatching(/^pkg:npm\/http-proxy@\d/),
        expect.stringMatching(/^pkg:generic\/nix\/nodejs-slim@\d/),
      ]),
    );
  });

  it("of the database has PostgreSQL", () => {
    expect(purls("db").filter((purl) => /postgresql@?\d*/.test(purl))).not.toEqual([]);
  });

  it.skipIf(process.env["AGATHA_PACKAGES"] === "nixpkgs")(
    "of the gateway has HAProxy, and what it is linked with",
    () => {
      expect(purls("gateway")).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^pkg:generic\/nix\/haproxy@\d/),
          expect.stringMatching(/^pkg:deb\/debian\/libssl3@3/),
          expect.stringMatching(/^pkg:deb\/debian\/socat@1/),
        ]),
      );
    },
  );
});

describe("what is printed", () => {
  it("names each image with size, layers, efficiency and biggest contents, and that nothing is deployed", () => {
    for (const name of IMAGES) {
      const [, text = ""] =
        new RegExp(`\\nagatha-${name}-image:[0-9a-z]{32}\\n((?: .*\\n)+)`).exec(printed) ?? [];
      expect(text).toMatch(/size +[\d.]+ MB \(\d+ bytes, /);
      expect(text).toContain(`layers     ${images[name].layers.length}\n`);
      expect(text).toMatch(/efficiency (100\.00|99\.\d\d) %/);
      expect(text.match(/^ {12,}[\d.]+ [kM]B {2}\S+$/gm)?.length).toBeGreaterThanOrEqual(3);
      expect(text).toContain("deployed   not deployed\n");
    }
  });

  it("compares with what the stack's containers run", async () => {
    cpSync("sample/migrations", join(folder, "migrations"), { recursive: true });
    writeFileSync(join(folder, "migrations/V900__more.sql"), "SELECT 1;\n");
    const application = JSON.stringify({ back: { migrations: join(folder, "migrations") } });
    const link = join(folder, "back-image");
    const args = ["nix", "-A", "back-image", "--argstr", "application", application, "--out-link", link];
    const built = await execute("nix-build", args);
    expect(built.code, built.output).toBe(0);
    const ref = await deploy("back", link);
    await deploy("front", join(FOLDER, "front-image"));
    const output = await run();
    const differs = `differs from ${ref}: 1 of \\d+ layers are new, [\\d.]+ kB\n +~ agatha-back-migrate [^\n]* \\(- share/agatha/migrations/V900__more.sql\\)\n {2}\\w`;
    expect(output).toMatch(new RegExp(`deployed   ${differs}`));
    expect(output).toContain("deployed   same as deployed\n");
    expect(output).toContain("deployed   not deployed\n");
  });
});

describe("the page", () => {
  it("draws every image, zooms in by a click and out by Escape, says what each area is, and fits a phone", async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("request", (request) => {
        if (!request.url().startsWith("file:") && !request.url().startsWith("data:"))
          errors.push(request.url());
      });
      await page.goto(`file://${FOLDER}/index.html`);
      const text = await page.locator("body").innerText();
      for (const name of IMAGES) expect(text.replace(/\s/g, "")).toContain(images[name].ref);
      expect(await page.locator(".map").count()).toBe(4);
      const map = await page.locator("#back-image .map").boundingBox();
      const box = async (tile: string) => (await page.locator(tile).boundingBox()) as NonNullable<typeof map>;
      const second = "#back-image-1";
      const before = await box(second);
      expect(before.width).toBeLessThan((map?.width ?? 0) / 2);
      await page.locator(second).click({ position: { x: 20, y: 8 } });
      const zoomed = await box(second);
      expect([zoomed.width, zoomed.height]).toEqual([map?.width, map?.height]);
      // It covers the others, and its files grow with it.
      expect(await page.locator(`${second} .files .tile`).first().isVisible()).toBe(true);
      expect(await page.locator(`${second} + .out`).isVisible()).toBe(true);
      await page.keyboard.press("Escape");
      expect((await box(second)).width).toBe(before.width);
      const file = page.locator("#back-image-0 .files .tile").first();
      expect(await file.getAttribute("title")).toMatch(/^lib\/modules\n[\d.]+ MB, [\d.]+ % of/);
      expect(await file.innerText()).toMatch(/^modules/);
      await page.setViewportSize({ width: 360, height: 700 });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
