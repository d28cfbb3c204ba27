/**
 * Which way imports run, for dependency-cruiser: from each layer to those below it, and never in a circle. Files of a
 * layer may import each other.
 */

/** From the top down; paths are regular expressions. */
const LAYERS = [
  "^(index\\.ts$|scripts/)",
  "^(preflight\\.ts$|components/|steps/|setup/|offline/|deployments/)",
  "^lib/(cli|stacks|previews|pull-requests)/",
  "^lib/database/",
  "^lib/gateway/",
  "^lib/images/",
  "^lib/config/",
  "^lib/(docker|runtime)/",
  "^lib/[^/]+$",
];

const upward = LAYERS.slice(1).map((from, index) => ({
  name: `upward: ${from.replaceAll("\\", "")}`,
  severity: "error",
  from: { path: from },
  to: { path: LAYERS.slice(0, index + 1) },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "circle", severity: "error", from: {}, to: { circular: true } },
    ...upward,
    {
      name: "product on tests or sample",
      severity: "error",
      from: { path: "^(index\\.ts$|preflight\\.ts$|lib/|components/|steps/|setup/|offline/|deployments/)" },
      to: { path: "^(test/|sample/)" },
    },
    {
      name: "layer unknown",
      severity: "error",
      from: { pathNot: [...LAYERS, "^(test|sample)/", "^vitest\\.config\\.ts$"] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)node_modules/|^(\\.state|\\.tools|nix|sample/[^/]+|offline/(engine|packages))/" },
    // Imports of types count.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".mjs", ".cjs", ".js", ".json"] },
  },
};
