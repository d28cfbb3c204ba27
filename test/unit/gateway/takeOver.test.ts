/** What a take-over does to the containers that are there, by a docker that says so. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { takeOver } from "../../../lib/gateway/takeOver.ts";
import { UserError } from "../../../lib/userError.ts";
import { fake } from "../../support/programs.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-take-over-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  // A call of docker that nobody waits for any more may still write its line.
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const inspected = (Status: string, ExitCode: number) =>
  JSON.stringify({
    RestartCount: 0,
    State: { Status, ExitCode, OOMKilled: false },
    NetworkSettings: { Networks: { "agatha-dev-network": { IPAddress: "172.18.0.3" } } },
    Config: {},
  });
const SERVES = inspected("running", 0);
const ENDED = inspected("exited", 3);

/** Both containers of before, newest first, as a stack has them whose first move to the gateway failed after the back's. */
const OTHERS = ["newer agatha-dev-back-1 running", "old agatha-dev-back running"];

/** Docker as it is while container `new` is to take over. @param lines What else it does, before that. */
function docker({ is = SERVES, others = OTHERS, gateway = "" }, ...lines: string[]): void {
  const table = (rows: string[]) => rows.map((row) => `echo -e '${row.replaceAll(" ", "\\t")}'`).join("; ");
  const { PATH } = fake(folder, "docker", [
    `echo "$*" >> '${folder}/log'`,
    ...lines,
    'case "$*" in',
    `  "container ls"*service=back-files*) ;;`,
    `  "container ls"*service=back*) ${table(["new agatha-dev-back-2 running", ...others])} ;;`,
    `  "container ls"*service=gateway*) ${table(gateway === "" ? [] : [`g agatha-dev-gateway ${gateway}`])} ;;`,
    `  *Networks*) echo '{"agatha-dev-network":{}}' ;;`,
    `  *Health.Status*) echo '"healthy"' ;;`,
    `  *.Name*) echo '"/agatha-dev-back-2"' ;;`,
    // Of one or two.
    `  *"inspect --format {{json .}}"*) echo '${is}'; echo '${is}' ;;`,
    "  logs*) echo 'the last line' ;;",
    "esac",
  ]);
  vi.stubEnv("PATH", PATH);
}

const done = () => readFileSync(join(folder, "log"), "utf8").split("\n");

const take = (undo = async () => {}) =>
  takeOver(
    {
      ...{ stack: "dev", service: "back", drainMs: 1000 },
      gate: { container: "new", service: "agatha-back", probe: ["true"], processes: 9, startPeriodMs: 1000 },
      prepared: { keep: async () => {}, undo },
    },
    async () => {},
  );

it("a new one that fails where there is no gateway yet ends none of the others: one of them has the port", async () => {
  docker({ is: ENDED });
  await expect(take()).rejects.toThrow(
    "agatha-back ends right after its start, with exit code 3. The old one keeps serving.",
  );
  expect(done().filter((line) => /^(stop|container (rm|rename))/.test(line))).toEqual([
    "container rename newer agatha-dev-back-1-former",
    "container rename old agatha-dev-back-former",
    "container rm --force --volumes new",
  ]);
});

it("a new one that fails says why, also if what was prepared for it cannot be undone", async () => {
  docker({ is: ENDED, others: ["old agatha-dev-back exited"] });
  const undo = () =>
    Promise.reject(new UserError("agatha-db: the password could not be set: it ended with 1."));
  await expect(take(undo)).rejects.toThrow(
    "agatha-back ends right after its start, with exit code 3. Going back to the old one failed too: agatha-db: the password could not be set: it ended with 1. Fix what the log shows, then run up again. The last lines of the new one:\nthe last line",
  );
  expect(done()).toContain("container rm --force --volumes new");
  expect(done()).toContain("start old");
});

it("starts a gateway that was stopped", async () => {
  docker({ gateway: "exited" }, 'case "$*" in *agatha-gateway*) echo "no" >&2; exit 1 ;; esac');
  await expect(take()).rejects.toThrow("docker exec: no");
  const commands = done();
  const asked = commands.findIndex((line) => line.startsWith("exec --interactive g "));
  expect(commands.indexOf("start g")).toBeGreaterThan(-1);
  expect(commands.indexOf("start g")).toBeLessThan(asked);
});

it("does without a gateway that cannot be started, and removes it, so that the next update makes another one", async () => {
  docker({ gateway: "exited" }, 'case "$*" in "start g") exit 1 ;; esac');
  await take();
  expect(done()).toContain("container rm --force --volumes g");
  expect(done().filter((line) => /^stop|rm .*old|rm .*newer/.test(line))).toEqual([]);
});
