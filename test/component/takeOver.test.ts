/** The back and the front, whose new container takes over from the one that serves. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { deployedOf } from "../../lib/docker/deployedContainers.ts";
import { only, type Registered } from "../support/recorder.ts";
import {
  answers,
  COMMAND,
  containerName,
  containerOf,
  hash,
  PASSWORD,
  program,
} from "../support/stackProgram.ts";

// Some run the program several times, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const { running } = answers;
afterEach(() => {
  running.of = new Map();
});

const commandOf = (registered: Registered[], name: string) => {
  const { environment, triggers } = only(registered, COMMAND, name);
  return { environment: environment as Record<string, string>, triggers: triggers as unknown[] };
};
const requestOf = (requests: Record<string, object>, service: string) =>
  requests[`docker:index/container:Container ${containerName(service)}`];

describe.each(["back", "front"])("the container of %s", (service) => {
  it("has neither a name nor a port nor a DNS name of its own, so that two can be there at once", async () => {
    const container = containerOf((await program()).registered, service);
    expect(container).not.toHaveProperty("name");
    expect(container["ports"]).toEqual([]);
    expect(container["networksAdvanced"]).toEqual([{ name: "agatha-dev-network", aliases: [] }]);
  });

  it("is made before the old one goes, also in a stack that had it by its former name", async () => {
    const { requests } = await program();
    expect(requestOf(requests, service)).toMatchObject({
      deleteBeforeReplace: "false",
      aliases: [
        {
          spec: {
            name: `${service}-container`,
            parenturn: `urn:pulumi:dev::agatha::agatha:index:DockerService::${service}`,
          },
        },
      ],
    });
  });

  it("follows its files, which are placed anew with whatever makes another container", async () => {
    const { registered } = await program();
    expect(containerOf(registered, service)["labels"]).toContainEqual({
      label: "agatha.follows.files",
      value: `${service}-files-id`,
    });
    const before = commandOf(registered, `${service}-files`).triggers;
    const changedBy = async (more: object) => {
      const changed = await program({ [`agatha:${service}`]: JSON.stringify(more) });
      return commandOf(changed.registered, `${service}-files`).triggers;
    };
    expect(await changedBy({ cpus: 0.5 })).not.toEqual(before);
    expect(await changedBy({ health: { path: "/other" } })).not.toEqual(before);
    expect(await changedBy({ pin: hash("a") })).not.toEqual(before);
    // Docker changes that on a container that runs.
    expect(await changedBy({ memory: 300 })).toEqual(before);
    expect(await changedBy({ publish: { port: 9000 } })).toEqual(before);
  });

  it("takes over once it is healthy, in as long as the old one may take to finish", async () => {
    const { registered } = await program({ "agatha:gateway": '{"drain":"1m30s"}' });
    expect(only(registered, COMMAND, `${service}-healthy`)).toMatchObject({
      create: "node steps/take-over.ts",
      environment: {
        BACKEND: service,
        CONTAINER: `agatha-dev-${service}-id`,
        DRAIN_MS: "90000",
        STACK: "dev",
      },
    });
  });

  it("gets files again if it is gone, since their volume may be too", async () => {
    running.of = new Map([[service, "absent"]]);
    expect(commandOf((await program()).registered, `${service}-files`).environment).toHaveProperty(
      "ABSENT_AT",
    );
    running.of = new Map([[service, { image: "x:y", connected: true }]]);
    expect(commandOf((await program()).registered, `${service}-files`).environment).not.toHaveProperty(
      "ABSENT_AT",
    );
  });
});

it.each(["db", "gateway"])("the container of %s goes before its successor is made", async (service) => {
  const { registered, requests } = await program();
  expect(requestOf(requests, service)).toMatchObject({ deleteBeforeReplace: "true" });
  expect(requestOf(requests, service)).not.toHaveProperty("aliases");
  expect(containerOf(registered, service)["name"]).toBe(`agatha-dev-${service}`);
});

describe("a back whose update failed, so that the former container serves", () => {
  const line = (name: string) => `back\t${name}\tagatha-back-image:old\tagatha-dev-network`;
  const again = async (...names: string[]) => {
    running.of = new Map([
      ["back", deployedOf("back", "agatha-dev-network", names.map(line).join("\n"))],
      ["front", { image: "x:y", connected: true }],
    ]);
    const { registered } = await program();
    return ["back-files", "db-schema-password", "front-files"].filter(
      (name) => "ABSENT_AT" in commandOf(registered, name).environment,
    );
  };

  it("gets its files and its password again, and nothing else", async () => {
    expect(await again("agatha-dev-back-0000001-former")).toEqual(["back-files", "db-schema-password"]);
  });

  it("gets nothing again once another one is there", async () => {
    expect(await again("agatha-dev-back-0000002", "agatha-dev-back-0000001-former")).toEqual([]);
  });
});

describe("a back that cannot run twice", () => {
  it("is stopped before its successor starts; the front never is", async () => {
    const { registered, requests } = await program({ "agatha:back": '{"overlap":false}' });
    expect(commandOf(registered, "back-files").environment["STOP"]).toBe("back");
    expect(commandOf(registered, "front-files").environment).not.toHaveProperty("STOP");
    // It is started again if that fails.
    expect(requestOf(requests, "back")).toMatchObject({ deleteBeforeReplace: "false" });
    expect(containerOf(registered, "back")).not.toHaveProperty("name");
  });

  it("is not stopped by default", async () => {
    expect(commandOf((await program()).registered, "back-files").environment).not.toHaveProperty("STOP");
  });
});

it("the back's former password holds until the new one serves", async () => {
  const { registered, requests } = await program();
  expect(commandOf(registered, "back-healthy").environment).toMatchObject({
    DATABASE_CONTAINER: "db-container-id",
    DATABASE_USER: "postgres",
  });
  expect(commandOf(registered, "front-healthy").environment).not.toHaveProperty("DATABASE_CONTAINER");
  // Nothing that can fail comes between the new password and the back that uses it.
  expect(requests[`${COMMAND} db-schema-password`]?.["dependsOn"]).toContain(
    `${COMMAND} db-schema-migrations`,
  );
});

it("no former password is kept for a back that logs in without it: nothing would decide about it", async () => {
  const logsIn = async (back: object) => {
    const { registered } = await program({ "agatha:back": JSON.stringify(back) });
    return commandOf(registered, "db-schema-password").environment["BACK_LOGS_IN"];
  };
  expect(await logsIn({})).toBeUndefined();
  expect(await logsIn({ properties: { user: "app", password: "of its own" } })).toBe("no");
  expect(await logsIn({ properties: { url: "jdbc:x?password=${databasePassword}" } })).toBeUndefined();
  const properties = { user: "app" };
  expect(await logsIn({ properties, env: { PASSWORD } })).toBeUndefined();
  expect(await logsIn({ properties, files: { "/etc/login": { text: `x:${PASSWORD}` } } })).toBeUndefined();
});
