/** The documentation's pages and their parts that tests check. */
import { globSync, readFileSync } from "node:fs";

/** Every page of the repo, by its path. */
export const pages = (): string[] => globSync(["*.md", "docs/*.md", "{nix,sample,offline/engine}/README.md"]);

export const textOf = (page: string): string => readFileSync(page, "utf8");

/** What the comment above a block says. */
export type Mark =
  /** Run unchanged: by docs.test.ts, or by its name in another test. */
  | { kind: "tested"; test: string; name: string }
  | { kind: "not run"; reason: string }
  /** Printed by the tested block before it. */
  | { kind: "output" }
  /** Printed elsewhere. */
  | { kind: "example" };

export interface Block {
  language: string;
  text: string;
  mark?: Mark;
  /** The heading above it. */
  section: string;
}

/** The test that runs blocks that name no other. */
export const PAGES_TEST = "integration/docs.test.ts";

/** @throws Error if it is no mark, so that a misspelled one does not pass for a comment. */
export function markOf(comment: string): Mark {
  const tested = /^tested(?: by (\S+): ([a-z][a-z ]*))?$/.exec(comment);
  if (tested !== null) return { kind: "tested", test: tested[1] ?? PAGES_TEST, name: tested[2] ?? "" };
  const reason = /^not run: (.+)$/.exec(comment)?.[1];
  if (reason !== undefined) return { kind: "not run", reason };
  if (comment === "output" || comment === "example") return { kind: comment };
  throw new Error(`"<!-- ${comment} -->" is no mark. CONTRIBUTING.md tells which there are.`);
}

/** The fenced blocks of a page, without the indentation that a list gives them. */
export const blocks = (text: string): Block[] => {
  const found: Block[] = [];
  let section = "";
  const parts = /^(?:#+ (.*)|(?:[ ]*<!-- (.*) -->\n)?([ ]*)```(\w*)\n([\s\S]*?)^[ ]*```)$/gm;
  for (const [, heading, comment, indent = "", language = "", body = ""] of text.matchAll(parts)) {
    if (heading !== undefined) section = heading;
    else
      found.push({
        language,
        text: body.replace(new RegExp(`^${indent}`, "gm"), ""),
        ...(comment === undefined ? {} : { mark: markOf(comment) }),
        section,
      });
  }
  return found;
};

/** The errors in the marks of a page's blocks. */
export function unmarked(found: Block[]): string[] {
  return found.flatMap((block, i) => {
    const before = found[i - 1];
    const follows = before?.mark?.kind === "tested" && before.section === block.section;
    const kind = block.mark?.kind;
    if (block.language === "sh")
      return kind === "tested" || kind === "not run" ? [] : [`not marked: ${block.text}`];
    if (kind === "output" && !follows) return [`output of no tested block: ${block.text}`];
    if (block.language === "" && follows && kind === undefined)
      return [`neither output nor example: ${block.text}`];
    return kind === "tested" || kind === "not run" ? [`no commands, but marked so: ${block.text}`] : [];
  });
}

/** The page without its fenced blocks. */
export const prose = (text: string): string => text.replace(/^[ ]*```[\s\S]*?^[ ]*```$/gm, "");

/** The targets of its relative links, without the part after `#`. */
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
  const cells = table.split("\n").map((row) => row.split("|")[1] ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key));
};
