/** A stack's services in a swarm, as status shows them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Slot } from "../../../lib/gateway/slots.ts";
import { type DockerObject, runningParts, swarmServices } from "../../../lib/stacks/dockerObjects.ts";
import { notUp, statusOf } from "../../../lib/stacks/status.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-swarm-objects-"));
afterAll(() => rmSync(folder, { recursive: true }));

const inspected = (state: string) =>
  JSON.stringify({
    Spec: {
      Name: "agatha-a-back",
      Labels: { "agatha.service": "back" },
      TaskTemplate: {
        ContainerSpec: { Image: "sha256:1", Env: ["X=1", "AGATHA_IMAGE=agatha-back-image:b"] },
      },
    },
    UpdateStatus: { State: state, Message: "" },
  });
const services = (replicas: string, state = "completed") =>
  swarmServices("a", {
    ...process.env,
    ...fake(folder, "docker", [
      `case "$2" in ls) printf 'agatha-a-back\\t${replicas}\\n' ;; inspect) echo '${inspected(state)}' ;; esac`,
    ]),
  });

describe("the services", () => {
  it("have the tasks that run and are wanted, the ref of the image, and whether docker undid the last update", async () => {
    expect(await services("2/2")).toEqual([
      {
        ...{ id: "", service: "back", name: "agatha-a-back", ports: "", image: "agatha-back-image:b" },
        ...{ status: "Up with 2 of 2 tasks (healthy)", swarm: { undone: false } },
      },
    ]);
    expect((await services("3/2"))[0]?.status).toBe("Up with 2 of 2 tasks (healthy)");
    const [partial] = await services("1/3 (max 1 per node)", "rollback_completed");
    expect(partial).toMatchObject({ status: "1 of 3 tasks run", swarm: { undone: true } });
  });

  it("are none where docker is no manager of a swarm; any other failure is one", async () => {
    const failing = (words: string) =>
      swarmServices("a", { ...process.env, ...fake(folder, "docker", [`echo "${words}" >&2; exit 1`]) });
    expect(
      await failing("Error response from daemon: This node is not a swarm manager. Use docker swarm init"),
    ).toEqual([]);
    await expect(failing("odd")).rejects.toThrow("docker service ls: odd");
  });
});

it("a stack on one host does not depend on the swarm that its host may be in", async () => {
  const parts = (service: string) => {
    const script = [
      `case "$1" in container) printf '${service}\\tname\\tUp\\t\\timage\\tid\\n' ;;`,
      `*) echo "The swarm does not have a leader" >&2; exit 1 ;; esac`,
    ];
    return runningParts("a", { ...process.env, ...fake(folder, "docker", script) });
  };
  expect((await parts("back")).map(({ service }) => service)).toEqual(["back"]);
  await expect(parts("db")).rejects.toThrow("does not have a leader");
});

describe("their status", () => {
  const container = (service: string): DockerObject => ({
    ...{
      id: "",
      service,
      name: `agatha-a-${service}`,
      status: "Up 2 minutes (healthy)",
      ports: "",
      image: "",
    },
  });
  const place = (up: boolean): Slot => ({
    ...{ server: "task1", container: undefined, address: "10.0.1.5:8000", state: "ready", up },
    ...{ sessions: 0, sinceSeconds: 9, status: "" },
  });
  const seen = (backs: DockerObject[], up: boolean[]) => {
    const front = { ...container("front"), swarm: { undone: false } };
    const routes = { back: up.map(place), front: [place(true)] };
    return statusOf("a", [...backs, front, container("db"), container("gateway")], routes);
  };

  it("is well if all run and the gateway reaches some, and says how many", async () => {
    const { text, good } = seen(await services("2/2"), [true, true, false]);
    expect(text).toMatch(/^back +Up with 2 of 2 tasks \(healthy\) +by 2 tasks/m);
    expect(good).toBe(true);
  });

  it("is not well if the gateway reaches none, if some do not run, or if docker undid the last update", async () => {
    expect(seen(await services("2/2"), [false]).good).toBe(false);
    expect(seen(await services("1/2"), [true]).good).toBe(false);
    const undone = seen(await services("2/2", "rollback_completed"), [true]);
    expect(undone.good).toBe(false);
    expect(undone.text).toContain(
      "back: the version before keeps serving, since the update that was to replace it failed.",
    );
  });

  it("does not count as up while tasks are missing", async () => {
    const others = ["db", "front", "gateway"].map(container);
    expect(notUp("a", [...others, ...(await services("2/2"))])).toBeUndefined();
    expect(notUp("a", [...others, ...(await services("1/2"))])).toBe(
      'up: stack a is not up: back is "1 of 2 tasks run" on the docker host. `npm run logs -- back --stack a` shows why.',
    );
    // A restore that was killed leaves none.
    expect(notUp("a", [...others, ...(await services("0/0"))])).toBe(
      'up: stack a is not up: back is "0 of 0 tasks run" on the docker host. `npm run up -- --refresh --stack a` makes it again.',
    );
  });
});
