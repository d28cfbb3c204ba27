import { readlinkSync, realpathSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SERVICES } from "../../lib/serviceNames.ts";
import type { Deployment } from "../../lib/stacks/state.ts";
import { healthFacts } from "../../lib/stepFacts.ts";
import { Engine } from "../support/engine.ts";
import { putEntry } from "../support/jar.ts";
import { changes, execute, Scratch } from "../support/scratch.ts";

let engine: Engine;
let scratch: Scratch;

beforeAll(async () => {
  engine = await Engine.make();
  scratch = await Scratch.make(engine.asHost);
  // An image that no other stack keeps in the store.
  await putEntry(scratch.jar, "release.txt", scratch.stack);
  await scratch.upWell();
  await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
});
afterAll(async () => {
  try {
    await scratch?.remove();
  } finally {
    await engine?.remove();
  }
});

const kept = async () => (await scratch.sql("select count(*) from budget where name = 'kept'"))[0];
const inspect = async (service: string, format: string) =>
  (await scratch.docker("inspect", await scratch.container(service), "--format", format))[0] ?? "";

/** Everything answers, the data is there, and the next up has nothing to do. */
async function expectHealed(): Promise<void> {
  expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
  expect((await fetch(scratch.frontUrl)).status).toBe(200);
  expect(await kept()).toBe("1");
  expect(changes((await scratch.upWell()).operations)).toEqual({});
}

describe("up without --refresh", () => {
  it("loads a pruned image again, and leaves its container alone", async () => {
    const ref = await inspect("front", "{{.Config.Image}}");
    const id = await inspect("front", "{{.Id}}");
    const names = JSON.parse(
      (await scratch.docker("image", "inspect", ref, "--format", "{{json .RepoTags}}"))[0] ?? "[]",
    ) as string[];
    await scratch.docker("image", "rm", "--force", ...names);
    const { operations, output } = await scratch.upWell();
    expect(changes(operations)).toEqual({ "front-image-build": "update" });
    // The containerd store of newer engines accepts only whole archives.
    const sent = process.env["AGATHA_TEST_ENGINE"] ? "\\d+" : "0";
    expect(output).toMatch(new RegExp(`${ref} built in .* ${sent} of \\d+ layers`));
    await scratch.docker("image", "inspect", ref);
    expect(await inspect("front", "{{.Id}}")).toBe(id);
    await expectHealed();
  });

  it("loads nothing if A's image is still there after A -> B -> A", async () => {
    const first = await inspect("back", "{{.Config.Image}}");
    const back = scratch.config["back"] as Record<string, unknown>;
    const options = ["-Dlogback.configurationFile=logback.xml", "-Dagatha.test=b"];
    scratch.config["back"] = { ...back, javaOptions: options };
    await scratch.upWell();
    expect(await inspect("back", "{{.Config.Image}}")).not.toBe(first);
    scratch.config["back"] = back;
    const { output } = await scratch.upWell();
    expect(output).toContain(`${first} is in docker already`);
    expect(await inspect("back", "{{.Config.Image}}")).toBe(first);
    await expectHealed();
  });

  it.each(["db", "back", "gateway"])(
    "reconnects the disconnected %s, and restarts nothing",
    async (service) => {
      const started = () => Promise.all(SERVICES.map((name) => inspect(name, "{{.State.StartedAt}}")));
      const before = await started();
      const network = `agatha-${scratch.stack}-network`;
      await scratch.docker("network", "disconnect", network, await scratch.container(service));
      const { operations, output } = await scratch.upWell();
      expect(changes(operations)).toEqual({ [`${service}-healthy`]: "update" });
      expect(output).toContain(`agatha-${service} is connected to ${network} again, and healthy`);
      // What its start took is not forgotten.
      const { output: state } = await scratch.pulumi(["stack", "export"]);
      const { deployment } = JSON.parse(state) as { deployment: Deployment };
      const healthy = deployment.resources?.find(({ urn }) => urn.endsWith(`::${service}-healthy`));
      expect(healthFacts(healthy?.outputs ?? {}).startSeconds).toBeGreaterThan(0);
      await vi.waitFor(
        async () => expect((await fetch(`${scratch.backUrl}/api/budgets`)).status).toBe(200),
        20_000,
      );
      await expectHealed();
      expect(await started()).toEqual(before);
    },
  );

  it("protects what was built from garbage collection, and goes on without what is collected", async () => {
    const ref = await inspect("back", "{{.Config.Image}}");
    const root = `.state/gcroots/${scratch.stack}/back-image-${ref.split(":")[1]}`;
    const built = readlinkSync(root);
    expect(realpathSync(`.state/gcroots/${scratch.stack}/back-image`)).toBe(built);
    const dead = await execute("nix-store", ["--gc", "--print-dead"], scratch.env);
    expect(dead.output.split("\n")).not.toContain(built);
    rmSync(root);
    const { code, output } = await execute("nix-store", ["--delete", built], scratch.env);
    expect(code, output).toBe(0);
    await expectHealed();
  });
});

describe("up --refresh", () => {
  const heal = async () => {
    const { code, output } = await scratch.operate(["up", "--yes", "--skip-preview", "--refresh"]);
    expect(code, output).toBe(0);
  };

  it("creates a removed container again", async () => {
    await scratch.docker("rm", "--force", await scratch.container("front"));
    await heal();
    await expectHealed();
  });

  it("starts a stopped container", async () => {
    await scratch.docker("stop", await scratch.container("back"));
    await heal();
    await expectHealed();
  });

  it("connects a disconnected container", async () => {
    await scratch.docker(
      "network",
      "disconnect",
      `agatha-${scratch.stack}-network`,
      await scratch.container("back"),
    );
    await heal();
    await expectHealed();
  });

  it("creates a removed network again, and connects everything to it", async () => {
    const network = `agatha-${scratch.stack}-network`;
    for (const service of SERVICES)
      await scratch.docker("network", "disconnect", "--force", network, await scratch.container(service));
    await scratch.docker("network", "rm", network);
    const plain = await scratch.up();
    expect(plain.code).not.toBe(0);
    expect(plain.output).toContain(
      `agatha-db: its network ${network} is gone. Run \`npm run up -- --refresh\`.`,
    );
    await heal();
    await expectHealed();
  });

  it("starts a database whose volume was removed empty, and migrates it", async () => {
    await scratch.docker("rm", "--force", await scratch.container("db"));
    await scratch.docker("volume", "rm", `agatha-${scratch.stack}-db-data`);
    await heal();
    expect(await kept()).toBe("0");
    expect((await fetch(`${scratch.backUrl}/api/budgets`)).status).toBe(200);
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });
});
