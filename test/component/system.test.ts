/** For which system the images are evaluated and built. */
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { machineSystem } from "../../lib/docker/system.ts";
import { only, type Registered } from "../support/recorder.ts";
import { answers, environmentOf, program } from "../support/stackProgram.ts";

const { engine, planned, builder } = answers;

describe("the docker host's system", () => {
  const AWAY = { words: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" };
  const here = machineSystem();
  const other = here === "x86_64-linux" ? "aarch64-linux" : "x86_64-linux";
  const systems = (registered: Registered[]) =>
    ["db", "back", "front", "gateway"].map(
      (name) => environmentOf(registered, `${name}-image-build`)["SYSTEM"],
    );
  beforeEach(() => {
    planned.for.length = builder.askedFor.length = 0;
  });
  afterEach(() => {
    engine.answer = { engine: "ENGINE" };
    planned.refusedFor = "";
    vi.unstubAllEnvs();
  });

  it("is this machine's by default: the images are evaluated once", async () => {
    for (const answer of [{ engine: "ENGINE" }, { engine: "ENGINE", system: here }]) {
      engine.answer = answer;
      const { registered } = await program();
      expect(planned.for.splice(0)).toEqual([here]);
      expect(systems(registered)).toEqual(Array(4).fill(here));
    }
  });

  it("decides what images are built for, although they fail for this machine's, and is kept with the stack", async () => {
    engine.answer = { engine: "ENGINE", system: other };
    planned.refusedFor = here;
    const { registered } = await program();
    expect(planned.for).toEqual([here, other]);
    expect(systems(registered)).toEqual(Array(4).fill(other));
    expect(builder.askedFor).toEqual([other]);
    expect(only(registered, "pulumi:index:Stash", "docker-host")).toEqual({
      input: { engine: "ENGINE", address: "unix:///var/run/docker.sock", system: other, stack: "dev" },
    });
  });

  it("reports what fails for this machine's if that is the host's", async () => {
    planned.refusedFor = here;
    await expect(program()).rejects.toThrow(`nothing for ${here}`);
  });

  it("is known in a preview without the host, once the stack exists", async () => {
    engine.answer = AWAY;
    const held = { engine: "ENGINE", address: "ssh://user@host", system: other };
    expect(systems((await program({}, true, held)).registered)).toEqual(Array(4).fill(other));
    // A stack of before, and one that is not made yet.
    for (const stash of [{ engine: "ENGINE", address: "ssh://user@host" }, undefined])
      expect(systems((await program({}, true, stash)).registered)).toEqual(Array(4).fill(here));
  });

  it("can be overridden by the environment, which is reported", async () => {
    vi.stubEnv("AGATHA_SYSTEM", other);
    engine.answer = { engine: "ENGINE", system: here };
    const said = vi.spyOn(pulumi.log, "info").mockResolvedValue();
    const { registered } = await program();
    expect(planned.for).toEqual([other]);
    expect(systems(registered)).toEqual(Array(4).fill(other));
    expect(said.mock.calls.flat()).toEqual([
      `AGATHA_SYSTEM: images are built for ${other}, and the docker host is ${here}: it has to emulate that. Unset it to build for the host.`,
    ]);
  });

  it.each([
    ["a preview", true],
    ["an update", false],
  ])("is refused in %s if no image is built for it", async (_, preview) => {
    engine.answer = { engine: "ENGINE", system: "x86_64-windows" };
    await expect(program({ "agatha:dockerHost": "ssh://user@host" }, preview)).rejects.toThrow(
      "docker: ssh://user@host runs containers of x86_64-windows, and images are built for x86_64-linux or aarch64-linux. Set agatha:dockerHost to another host.",
    );
  });

  it("is refused if PostgreSQL's image is pinned for x86_64", async () => {
    engine.answer = { engine: "ENGINE", system: "aarch64-linux" };
    const nixpkgs = { "agatha:packages": "nixpkgs" };
    await expect(program(nixpkgs)).rejects.toThrow(
      "agatha:database.image: the pinned one is for x86_64-linux, and the docker host is aarch64-linux. Set one for that system, as docs/platforms.md describes.",
    );
    const image = { name: "postgres", digest: `sha256:${"1".repeat(64)}`, hash: `sha256-${"A".repeat(43)}=` };
    const own = { ...nixpkgs, "agatha:database": JSON.stringify({ image }) };
    expect(systems((await program(own)).registered)).toEqual(Array(4).fill("aarch64-linux"));
  });
});
