/** What Nix knows about store paths: what each needs, and the Debian packages that the `debian` set made it of. */
import { existsSync, readFileSync } from "node:fs";
import { run } from "../../process.ts";
import { failed } from "../load.ts";
import { nameOf } from "./analyse.ts";
import { purlPart, type Software } from "./model.ts";
import { type DebianPackage, debian, dpkgPackages } from "./software.ts";

const DPKG = "/var/lib/dpkg";

interface StorePath {
  path: string;
  /** SHA-256 of the path as Nix archives it, in hexadecimal. */
  narHash: string;
  deriver: string;
  /** Without itself. */
  references: string[];
}

/** Programs whose name in vulnerability databases differs from Nix's. */
const CPE: [RegExp, string][] = [
  [/^nodejs(-slim)?$/, "nodejs:node.js"],
  [/^haproxy$/, "haproxy:haproxy"],
  [/^postgresql$/, "postgresql:postgresql"],
  [/^(jdk|openjdk.*|temurin.*)$/, "oracle:openjdk"],
];

/** Asks this machine's store about paths. */
export async function storePaths(paths: string[]): Promise<StorePath[]> {
  if (paths.length === 0) return [];
  const result = await run("nix-store", ["--dump-db", ...paths]);
  if (result.code !== 0) throw failed("nix-store --dump-db", result);
  return parseDump(result.stdout);
}

/** Per path: itself, hash, size, deriver, number of references, references. */
export function parseDump(text: string): StorePath[] {
  const lines = text.trimEnd().split("\n");
  const found: StorePath[] = [];
  while (lines.length > 4) {
    const [path = "", narHash = "", , deriver = "", count] = lines.splice(0, 5);
    const references = lines.splice(0, Number(count)).filter((reference) => reference !== path);
    found.push({ path, narHash, deriver, references });
  }
  return found;
}

/** A name as Nix splits it: the version begins after the first dash that no letter follows. */
export function splitName(full: string): { name: string; version: string | undefined } {
  const [, name = full, version] = /^(.+?)-([^a-zA-Z].*)$/.exec(full) ?? [];
  return { name, version };
}

/** A store path as a piece of software, and the Debian packages that it was made of. */
export function storeSoftware({ path, narHash, deriver, references }: StorePath): Software[] {
  const { name, version } = splitName(nameOf(path));
  const packages = debianPackages(deriver).map((one) => debian(one, path));
  const plain = /^[\d.]+/.exec(version ?? "")?.[0];
  const product = plain && CPE.find(([known]) => known.test(name))?.[1];
  return [
    {
      id: path,
      type: "application",
      name,
      version,
      purl: `pkg:generic/nix/${purlPart(name)}${version === undefined ? "" : `@${purlPart(version)}`}`,
      cpe: product && `cpe:2.3:a:${product}:${plain}:*:*:*:*:*:*:*`,
      places: [path],
      needs: [...references, ...packages.map(({ id }) => id)],
      notes: { "nix:narHash": `sha256:${narHash}` },
    },
    ...packages,
  ];
}

/** The packages whose checksums are among the derivation's inputs, if this machine still has it and the very same packages. */
function debianPackages(deriver: string): DebianPackage[] {
  if (!existsSync(deriver)) return [];
  const files = /"md5sums","([^"]+)"/.exec(readFileSync(deriver, "utf8"))?.[1]?.split(" ") ?? [];
  const sums = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "")).join("");
  installed ??= installedPackages();
  return installed.filter((one) => sums.includes(one.sums));
}

let installed: (DebianPackage & { sums: string })[] | undefined;

/** This machine's packages, with the checksums of their files. */
function installedPackages(): (DebianPackage & { sums: string })[] {
  if (!existsSync(DPKG)) return [];
  return dpkgPackages(readFileSync(`${DPKG}/status`, "utf8")).flatMap((one) => {
    const names = [`${one.name}:${one.architecture}`, one.name];
    const file = names.map((name) => `${DPKG}/info/${name}.md5sums`).find((path) => existsSync(path));
    const sums = file === undefined ? "" : readFileSync(file, "utf8");
    return sums === "" ? [] : { ...one, sums };
  });
}
