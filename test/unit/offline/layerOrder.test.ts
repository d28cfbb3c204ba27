import { createRequire } from "node:module";
import { expect, it } from "vitest";

const { order } = createRequire(import.meta.url)("../../../offline/packages/docker-tools/order.cjs") as {
  order: (references: Map<string, string[]>) => string[];
};

/** Store paths with hashes that sort against their names. */
const path = (name: string) => `/nix/store/${"z".repeat(31)}${name.charCodeAt(0) % 10}-${name}`;
const ordered = (needs: Record<string, string[]>) =>
  order(new Map(Object.entries(needs).map(([name, others]) => [path(name), others.map(path)]))).map((found) =>
    found.slice("/nix/store/".length + 33),
  );

it("sorts layers as nixpkgs does, by the example of its popularity_contest.py", () => {
  expect(ordered({ A: ["B", "G"], B: ["C", "E"], C: ["D", "E"], D: ["F"], E: ["F"], F: [], G: [] })).toEqual([
    "F",
    "E",
    "D",
    "C",
    "B",
    "G",
    "A",
  ]);
});

it("puts the jar below the migrations, and what changes less below both, by their names", () => {
  const back = {
    glibc: [],
    bash: ["glibc"],
    "jdk-minimal-jre": ["glibc"],
    "agatha-flyway-12.1.0": [],
    "agatha-answers": ["bash"],
    "agatha-back-migrate": ["bash", "jdk-minimal-jre", "agatha-flyway-12.1.0"],
    "agatha-back-jar": ["bash", "jdk-minimal-jre"],
  };
  expect(ordered(back).slice(-3)).toEqual(["agatha-answers", "agatha-back-jar", "agatha-back-migrate"]);
  const front = { "agatha-answers": [], "nodejs-slim-24": [], "agatha-front": ["nodejs-slim-24"] };
  expect(ordered(front).at(-1)).toBe("agatha-front");
});
