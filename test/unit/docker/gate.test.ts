/** The health gate, with a docker whose container ends at the worst moment. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { passGate } from "../../../lib/docker/gate.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-gate-"));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("a container that ends while it gets its limit of processes is one that ended, not a failure of docker's", async () => {
  const refusal = "Error response from daemon: Cannot update container c: cannot update a stopped container";
  const { PATH } = fake(folder, "docker", [
    `case "$*" in`,
    `  "container update"*) [ -e '${folder}/refused' ] && exit; touch '${folder}/refused'; echo '${refusal}' >&2; exit 1 ;;`,
    `  *inspect*) sleep 0.5; echo '{"RestartCount":0,"State":{"Status":"exited","ExitCode":3,"OOMKilled":false}}' ;;`,
    `  *logs*) echo 'the last line' ;;`,
    `esac`,
  ]);
  vi.stubEnv("PATH", PATH);
  const gate = { container: "c", service: "agatha-back", probe: ["true"], processes: 9, startPeriodMs: 1000 };
  await expect(passGate(gate)).rejects.toMatchObject({
    message: "ends right after its start, with exit code 3",
    log: "the last line",
  });
});
