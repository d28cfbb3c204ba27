/** The stack's own services while its data is moved, where the back is tasks of a swarm. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  answersAgain,
  ownServices,
  serveAgain,
  stopRunning,
} from "../../../lib/database/upgrade/ownServices.ts";
import { fake } from "../../support/programs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-own-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("tasks end before the database does, and start again once it accepts connections", async () => {
  const task = { ID: "t", DesiredState: "running", Spec: {}, Status: { State: "running", Timestamp: "" } };
  const lines = [
    `case "$*" in "container inspect --format {{json .Id}} db") echo '"db"' ;;`,
    `"container inspect --format {{json .State.Running}} db") echo true ;;`,
    `"service ls"*) echo "agatha-a-back 1/1" ;;`,
    `"service inspect"*) echo '{"Spec":{"Mode":{"Replicated":{"Replicas":0}},"TaskTemplate":{}}}' ;;`,
    `"service ps"*) echo t ;;`,
    `inspect*) [ "$(tail -n 1 ${folder}/said)" = "service scale --detach agatha-a-back=0" ] || echo '${JSON.stringify(task)}' ;;`,
    `exec*) echo 1; echo accepts >> ${folder}/said ;;`,
    `stop* | restart* | *scale*) echo "$*" >> ${folder}/said ;; esac`,
  ];
  writeFileSync(join(folder, "said"), "");
  for (const [name, value] of Object.entries(fake(folder, "docker", lines))) vi.stubEnv(name, value);
  const services = await ownServices("a", "db");
  await stopRunning(services);
  await serveAgain(services, "postgres");
  expect(await answersAgain(services)).toBe("Nothing changed: the old database and the back run as before");
  expect(readFileSync(join(folder, "said"), "utf8").split("\n").filter(Boolean)).toEqual([
    "service scale --detach agatha-a-back=0",
    "stop db",
    "restart db",
    "accepts",
    "service scale --detach agatha-a-back=1",
  ]);
});
