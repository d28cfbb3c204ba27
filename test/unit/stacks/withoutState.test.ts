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

async function removed(words: string): Promise<string> {
  const lines = [
    `case "$*" in "container ls"*) printf 'db-work\\tproof\\tUp\\t\\tx\\ndb\\tdata\\tUp\\t\\tx\\n' ;;`,
    `"network ls"*) printf 'network\\tnet\\n' ;;`,
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

it("any other failure ends it with docker's error", async () => {
  await expect(removed("permission denied")).rejects.toThrow(
    "docker stop: Error response from daemon: permission",
  );
});
