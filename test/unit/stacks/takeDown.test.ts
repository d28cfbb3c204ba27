/** What `npm run down` says is left, with a docker whose volumes are files. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fake } from "../../support/programs.ts";

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "agatha-down-"));
  for (const folder of ["scripts", "volumes"]) mkdirSync(join(clone, folder));
  writeFileSync(join(clone, "scripts/env.sh"), "");
});
afterEach(() => rmSync(clone, { recursive: true }));

/** @param volumes Their names and services; docker does not let go those that are called `…stuck`. */
function down(volumes: Record<string, string>, dropData: boolean): string {
  for (const [name, service] of Object.entries(volumes)) writeFileSync(join(clone, "volumes", name), service);
  const docker = [
    `cd ${clone}/volumes`,
    `case "$*" in "volume ls"*) for name in *; do [ ! -e "$name" ] || printf '%s\\t%s\\n' "$(cat "$name")" "$name"; done ;;`,
    `*stuck) echo "volume is in use" >&2; exit 1 ;;`,
    `"volume rm"*) rm "\${@: -1}" ;; esac`,
  ];
  const options = { volumes: dropData, yes: true, "without-state": true };
  const given = { stack: "s", file: "Pulumi.s.yaml", configFile: [], options, words: [], pulumi: [] };
  const script = `const { takeDown } = await import(${JSON.stringify(resolve("lib/stacks/remove.ts"))});
    await takeDown(${JSON.stringify(given)}).catch(({ message }) => console.log(message));`;
  const env = { ...process.env, ...fake(clone, "docker", docker) };
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    ...{ cwd: clone, encoding: "utf8" as const, env },
  });
}

it("one volume that docker does not let go does not keep the others, and what is kept is said", () => {
  const printed = down({ "a-stuck": "back-files", b: "front-files", "db-data": "db" }, false);
  expect(printed).toContain("Removed volume b.\nThe data is kept in volume db-data; ");
  expect(printed).toMatch(/\ndown: volume a-stuck is still there\. docker volume rm: volume is in use\n$/);
});

it("data that docker does not let go is not said to be gone", () => {
  const printed = down({ "db-17": "db", "db-data-stuck": "db" }, true);
  expect(printed).toContain("Volume db-17 and the data in it are gone.\n");
  expect(printed).toContain("down: volume db-data-stuck is still there. ");
  expect(printed).not.toContain("kept in");
});
