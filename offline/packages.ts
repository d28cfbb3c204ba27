/** The package set `debian`: this machine's Debian packages, and what Maven and npm have. */
import { readFileSync } from "node:fs";

/** The Debian packages that it takes files from. */
export const debianPackages = (): string[] =>
  readFileSync("offline/packages/debian-packages.txt", "utf8")
    .split("\n")
    .map((entry) => entry.replace(/#.*/, "").trim())
    .filter(Boolean);
