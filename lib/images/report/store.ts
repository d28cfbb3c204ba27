/** What Nix knows of store paths: what each needs, and the Debian packages that the `debian` set made it of. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { nameOf } from "./analyse.ts";
import { purlPart, type Software } from "./model.ts";
import { debian } from "./software.ts";

const DPKG = "/var/lib/dpkg/info";

export interface StorePath {
  path: string;
  /** SHA-256 of the path as Nix archives it, in hexadecimal. */
  narHash: string;
  deriver: string;
  /** Itself aside. */
  references: string[];
}

/** Programs that vulnerability databases know by another name than Nix's. */
const CPE: [RegExp, (version: string) => string][] = [
  [/^nodejs(-slim)?$/, (version) => `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`],
  [/^postgresql$/, (version) => `cpe:2.3:a:postgresql:postgresql:${version}:*:*:*:*:*:*:*`],
  [/^(jdk|openjdk.*|temurin.*)$/, (version) => `cpe:2.3:a:oracle:openjdk:${version}:*:*:*:*:*:*:*`],
];

/** Store paths that this machine's store has, with what they need. */
export async function storePaths(paths: string[], env: NodeJS.ProcessEnv): Promise<StorePath[]> {
  if (paths.length === 0) return [];
  const { code, output } = await run("nix-store", ["--dump-db", ...paths], { env });
  if (code !== 0) throw new UserError(`nix-store --dump-db: ended with ${code}:\n${output.trim()}`);
  return parseDump(output);
}

/** Per path: itself, hash, size, deriver, number of references, references. */
export function parseDump(text: string): StorePath[] {
  const lines = text.trimEnd().split("\n");
  const found: StorePath[] = [];
  for (let at = 0; at + 4 < lines.length; ) {
    const [path = "", narHash = "", , deriver = "", count = "0"] = lines.slice(at, at + 5);
    const references = lines.slice(at + 5, at + 5 + Number(count)).filter((reference) => reference !== path);
    found.push({ path, narHash, deriver, references });
    at += 5 + Number(count);
  }
  return found;
}

/** A name as Nix splits it: the version begins after the first dash that no letter follows. */
export function splitName(name: string): { name: string; version?: string } {
  const match = /^(.+?)-([^a-zA-Z].*)$/.exec(name);
  return match === null ? { name } : { name: match[1] as string, version: match[2] as string };
}

/** A store path as a piece of software, and the Debian packages it was made of. */
export function storeSoftware({ path, narHash, deriver, references }: StorePath): Software[] {
  const { name, version } = splitName(nameOf(path));
  const packages = debianPackages(deriver).map((found) => debian(found[0], found[1], found[2], path));
  const plain = /^[\d.]+/.exec(version ?? "")?.[0];
  const cpe = plain === undefined ? undefined : CPE.find(([known]) => known.test(name))?.[1](plain);
  const purl = `pkg:generic/nix/${purlPart(name)}${version === undefined ? "" : `@${purlPart(version)}`}`;
  return [
    {
      id: path,
      type: "application",
      name,
      ...(version === undefined ? {} : { version }),
      purl,
      ...(cpe === undefined ? {} : { cpe }),
      places: [path],
      needs: [...references, ...packages.map(({ id }) => id)],
      notes: { "nix:narHash": `sha256:${narHash}` },
    },
    ...packages,
  ];
}

/**
 * The Debian packages whose checksums are among the derivation's inputs: [name, version, architecture]. Only where this
 * machine still has the derivation and the very same packages; else there is nothing to say.
 */
function debianPackages(deriver: string): [string, string, string][] {
  if (!existsSync(deriver)) return [];
  const file = /"md5sums","([^"]+)"/.exec(readFileSync(deriver, "utf8"))?.[1];
  if (file === undefined || !existsSync(file) || !existsSync(DPKG)) return [];
  const sums = readFileSync(file, "utf8");
  const wanted = readdirSync(DPKG).filter((name) => {
    if (!name.endsWith(".md5sums")) return false;
    const own = readFileSync(join(DPKG, name), "utf8");
    return own !== "" && sums.includes(own);
  });
  const known = installed();
  return wanted.flatMap((name) => {
    const key = name.replace(/\.md5sums$/, "");
    const found = known.get(key) ?? known.get(key.replace(/:.*/, ""));
    return found === undefined ? [] : [found];
  });
}

let cache: Map<string, [string, string, string]> | undefined;

/** This machine's Debian packages, by name, and by name and architecture. */
function installed(): Map<string, [string, string, string]> {
  if (cache !== undefined) return cache;
  const status = readFileSync("/var/lib/dpkg/status", "utf8");
  cache = new Map();
  for (const entry of status.split("\n\n")) {
    const value = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(entry)?.[1] ?? "";
    const [name, version, architecture] = [value("Package"), value("Version"), value("Architecture")];
    if (name === "") continue;
    cache.set(name, [name, version, architecture]);
    cache.set(`${name}:${architecture}`, [name, version, architecture]);
  }
  return cache;
}
