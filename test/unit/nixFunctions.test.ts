/** Holds nix/packages and nix/images to the few functions of nixpkgs that the `host` set answers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const listed = JSON.parse(readFileSync("nix/host/functions.json", "utf8")) as Record<string, unknown>;

/** What a file takes from the package set: the longest dotted name that is listed or could be. */
function used(text: string): string[] {
  const names = [...text.matchAll(/\bpkgs\.(\$\{\w+\}|[\w-]+)((?:\.[\w-]+)*)/g)];
  return names.map(([, first = "", rest = ""]) => {
    const name = first.startsWith("$") ? "jdkNN_headless" : `${first}${rest}`;
    return name.replace(/\.version$/, "");
  });
}

const files = ["nix/packages", "nix/images"].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".nix"))
    .map((name) => join(folder, name)),
);

it.each(files)("%s uses nothing else", (file) => {
  const text = readFileSync(file, "utf8");
  expect(text, "a `with pkgs` or `inherit (pkgs)` would hide what is used").not.toMatch(
    /with pkgs\b|inherit\s*\(pkgs\)/,
  );
  expect(used(text).filter((name) => !(name in listed))).toEqual([]);
});

it("no function is listed that nobody uses", () => {
  const all = new Set(files.flatMap((file) => used(readFileSync(file, "utf8"))));
  expect(Object.keys(listed).filter((name) => !all.has(name))).toEqual([]);
});
