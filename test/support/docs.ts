/** The documentation's pages and what can be checked in them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every page of the repo, by its path. */
export const pages = (): string[] =>
  [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    ...readdirSync("docs").map((name) => join("docs", name)),
    ...["nix", "sample", "scripts/toolchain"].map((folder) => join(folder, "README.md")),
  ].filter((path) => path.endsWith(".md"));

export const textOf = (page: string): string => readFileSync(page, "utf8");

export interface Block {
  language: string;
  text: string;
  /** Whether a line `<!-- tested -->` stands above it: then it is run as it is. */
  tested: boolean;
}

/** The fenced blocks of a page. */
export const blocks = (text: string): Block[] =>
  [...text.matchAll(/(<!-- tested -->\n)?^[ ]*```(\w*)\n([\s\S]*?)^[ ]*```$/gm)].map(
    ([, mark, language = "", body = ""]) => ({ language, text: body, tested: mark !== undefined }),
  );

/** The page without its fenced blocks. */
export const prose = (text: string): string => text.replace(/^[ ]*```[\s\S]*?^[ ]*```$/gm, "");

/** Where its relative links point, without the part behind `#`. */
export const links = (text: string): string[] =>
  [...prose(text).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** The npm scripts that it names: `npm run NAME`, `npm test`. */
export const npmScripts = (text: string): string[] =>
  [...text.matchAll(/\bnpm (?:run (?:--silent )?([a-z][\w:-]*)|(test)\b)/g)].map(
    ([, name, test]) => name ?? test ?? "",
  );

/** The config keys that it names, `agatha:back.jar`; not the types of components. */
export const configKeys = (text: string, namespace: string): string[] =>
  [...text.matchAll(new RegExp(`(?<![\\w:$-])${namespace}:([a-zA-Z]+(?:\\.[a-zA-Z]+)*)(?![\\w:])`, "g"))].map(
    ([, key = ""]) => key,
  );

/** The first cells of the rows of the table that begins with `| key |`: `` `back.jar`, `back.port` `` as two. */
export const keyTable = (text: string): string[] => {
  const table = /^\| key \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? "";
  return table
    .split("\n")
    .filter(Boolean)
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key));
};
