/** Taking a stack down by its labels alone, with a docker that answers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { removeLeftBehind } from "../../../lib/stacks/withoutState.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-without-state-"));
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** @param service Of the first container. */
async function removed(words: string, service = "db-work"): Promise<string> {
  const lines = [
    `case "$*" in "container ls"*) printf '${service}\\tproof\\tUp\\t\\tx\\ndb\\tdata\\tUp\\t\\tx\\n' ;;`,
    `"network ls"*) printf 'network\\tnet\\n' ;;`,
    `"service ls"*) [ ${service} = db-work ] || { echo "Swarm is encrypted and needs to be unlocked" >&2; exit 1; } ;;`,
    `*proof) echo "Error response from daemon: ${words}" >&2; exit 1 ;; esac`,
  ];
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  await removeLeftBehind("s", { ...process.env, ...fake(folder, "docker", lines) });
  return printed.join("");
}

it.each(["No such container: proof", "removal of container proof is already in progress"])(
  "a container that is gone already does no harm: %s",
  async (words) => {
    const printed = await removed(words);
    expect(printed).toContain("Container data is stopped and removed.\n");
    expect(printed).toContain("Network net is removed.\n");
  },
);

it("a stack on one host goes although that host's swarm is locked", async () => {
  expect(await removed("No such container: proof", "back")).toContain("Network net is removed.\n");
});

it("any other failure ends it with docker's error", async () => {
  await expect(removed("permission denied")).rejects.toThrow(
    "docker stop: Error response from daemon: permission",
  );
});
