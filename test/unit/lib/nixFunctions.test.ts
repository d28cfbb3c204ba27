/** Holds nix/packages and nix/images to the few functions of nixpkgs that the `debian` set answers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const listed = JSON.parse(readFileSync("offline/packages/functions.json", "utf8")) as Record<string, unknown>;

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

it("nix/README.md says of each what is assumed, and where it was read", () => {
  const [, section = ""] = readFileSync("nix/README.md", "utf8").split("## What is assumed of nixpkgs\n");
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect(named.toSorted()).toEqual(Object.keys(listed).toSorted());
  expect(
    rows.filter((row) =>
      row
        .split("|")
        .slice(2, 5)
        .some((cell) => cell.trim() === ""),
    ),
  ).toEqual([]);
});

it("the executor's image takes a Pulumi that set-up would take", () => {
  const [, oldest] = /oldest = "([\d.]+)"/.exec(readFileSync("nix/packages/pulumi.nix", "utf8")) ?? [];
  const [, wanted] = /OLDEST = "([\d.]+)"/.exec(readFileSync("setup/engine.ts", "utf8")) ?? [];
  expect(wanted).toMatch(/^3\./);
  expect(oldest).toBe(wanted);
});

it("no function is listed that nobody uses", () => {
  const all = new Set(files.flatMap((file) => used(readFileSync(file, "utf8"))));
  expect(Object.keys(listed).filter((name) => !all.has(name))).toEqual([]);
});
