/** The docker host that a stack is kept on. */
import { afterEach, describe, expect, it } from "vitest";
import { only } from "../support/recorder.ts";
import { answers, custom, program, RESOURCES } from "../support/stackProgram.ts";

const { engine, ahead } = answers;

describe("the stack's docker host", () => {
  const held = { engine: "OTHER", address: "ssh://user@first" };
  afterEach(() => {
    engine.answer = { engine: "ENGINE" };
    ahead.refusal = undefined;
  });

  it("is kept with the stack", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:index:Stash", "docker-host")).toEqual({
      input: { engine: "ENGINE", address: "ssh://user@host", stack: "dev" },
    });
  });

  // All that runs bore the old name: the program began with an empty database beside it.
  it.each([
    ["an update", false],
    ["a preview", true],
  ])(
    "keeps the stack's name: %s of a renamed one is refused, and the message says where its data is",
    async (_, preview) => {
      const before = { engine: "ENGINE", address: "unix:///var/run/docker.sock", stack: "old" };
      await expect(program({ "agatha:database": '{"version":17}' }, preview, before)).rejects.toThrow(
        "stack dev: was renamed from old, and its containers and its data, in volume agatha-old-db-data-17, are still those of old. Rename it back (`pulumi stack rename old --stack dev`), or take",
      );
      // Also on another host, which would be the second thing to put right.
      await expect(program({}, preview, { ...before, engine: "OTHER" })).rejects.toThrow(
        "was renamed from old",
      );
      expect(custom((await program({}, preview, { ...before, stack: "dev" })).registered)).toHaveLength(
        RESOURCES,
      );
    },
  );

  it.each([
    ["an update", false],
    ["a preview", true],
  ])("cannot be another one in %s, before anything else is registered", async (_, preview) => {
    const more = { "agatha:dockerHost": "ssh://user@host" };
    await expect(program(more, preview, held)).rejects.toThrow(
      'agatha:dockerHost: "ssh://user@host" is not the docker host that stack "dev" runs on, which is "ssh://user@first". Set it back, or move the stack',
    );
  });

  it("may be reached by another address", async () => {
    engine.answer = { engine: "OTHER" };
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" }, false, held);
    expect(custom(registered)).toHaveLength(RESOURCES);
  });

  it("is not needed for a preview", async () => {
    engine.answer = {
      words: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    };
    const { registered } = await program({}, true, held);
    expect(custom(registered)).toHaveLength(RESOURCES);
    // The official plugin pings unix:// and tcp:// hosts as it starts, and fails.
    expect(only(registered, "pulumi:providers:docker", "docker")).toEqual({
      host: "ssh://not-reached.invalid",
      context: "",
      certPath: "",
    });
  });

  it("ends an update with one message if it is unreachable, whatever else fails", async () => {
    engine.answer = {
      words: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    };
    ahead.refusal = "docker volume ls: no answer";
    await expect(program({}, false, held)).rejects.toThrow(
      "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Start the daemon",
    );
  });

  it("is compared before any answer of another host counts", async () => {
    ahead.refusal = "the data is newer";
    const more = { "agatha:dockerHost": "ssh://user@host" };
    await expect(program(more, false, held)).rejects.toThrow("is not the docker host that stack");
    await expect(program()).rejects.toThrow("the data is newer");
  });
});
