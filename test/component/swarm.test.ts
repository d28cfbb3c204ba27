/** The back and the front as services of a swarm. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { only, type Registered } from "../support/recorder.ts";
import { answers, COMMAND, custom, hash, PASSWORD, program } from "../support/stackProgram.ts";

// Some run the program several times, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const { running, printed, swarm } = answers;
const before = printed.of;
afterEach(() => {
  running.of = new Map();
  printed.of = before;
  swarm.refusal = undefined;
});

const SERVICE = "docker:index/service:Service";
const onSwarm = (more: Record<string, string> = {}, preview = false, stash?: object) =>
  program({ "agatha:target": "swarm", ...more }, preview, stash);
const REGISTRY = {
  "agatha:registry": '{"address":"registry.example:5000","username":"u","password":"hidden"}',
};

interface Spec {
  forceUpdate?: number;
  containerSpec: {
    image?: string;
    env: Record<string, string>;
    secrets: Record<string, unknown>[];
    configs: Record<string, unknown>[];
    mounts: unknown[];
    healthcheck: object;
  } & Record<string, unknown>;
}
const specOf = (registered: Registered[], service: string) =>
  only(registered, SERVICE, `agatha-dev-${service}`)["taskSpec"] as Spec;
const gateOf = (registered: Registered[], service: string) => {
  const { environment, create, triggers } = only(registered, COMMAND, `${service}-healthy`);
  return { create, triggers, environment: environment as Record<string, string> };
};

describe("a stack on a swarm", () => {
  it("has services in place of two containers, and of the volumes with their files secrets and configs", async () => {
    const { registered } = await onSwarm({ "agatha:front": '{"files":{"a.js":{"text":"x"}}}' });
    const all = custom(registered);
    expect(all.filter((one) => one.startsWith("docker:index/container")).sort()).toEqual([
      "docker:index/container:Container db-container",
      "docker:index/container:Container gateway-container",
    ]);
    expect(all.filter((one) => /index\/(service|secret|serviceConfig):/.test(one)).sort()).toEqual([
      expect.stringMatching(/^docker:index\/secret:Secret back-gradle\.properties-[0-9a-f]{8}$/),
      expect.stringMatching(/^docker:index\/secret:Secret back-logback\.xml-[0-9a-f]{8}$/),
      `${SERVICE} agatha-dev-back`,
      `${SERVICE} agatha-dev-front`,
      expect.stringMatching(/^docker:index\/serviceConfig:ServiceConfig front-a\.js-[0-9a-f]{8}$/),
    ]);
    expect(all.filter((one) => one.endsWith("-files"))).toEqual([`${COMMAND} gateway-files`]);
    expect(only(registered, "docker:index/network:Network", "network")).toMatchObject({
      ...{ driver: "overlay", attachable: true },
    });
  });

  it("keeps the same limits and hardening, as far as the provider has inputs for them", async () => {
    const { registered } = await onSwarm();
    // That would be a name in the network, which is the gateway's alone.
    expect(specOf(registered, "back").containerSpec).not.toHaveProperty("hostname");
    expect(specOf(registered, "back")).toMatchObject({
      containerSpec: {
        ...{ readOnly: true, capDrops: ["ALL"], init: true, user: "65534:65534", stopGracePeriod: "10s" },
        args: ["/bin/agatha-back"],
        healthcheck: { interval: "5s", startPeriod: "1m", retries: 3 },
        mounts: [
          { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 64 * 1024 * 1024 } },
          { type: "tmpfs", target: "/run/agatha", tmpfsOptions: { sizeBytes: 64 * 1024 } },
        ],
      },
      resources: { limits: { memoryBytes: 512 * 1024 * 1024, nanoCpus: 2e9 } },
      networksAdvanceds: [{ id: "network-id" }],
    });
  });

  it("mounts files where the containers have them, for their user alone", async () => {
    const { registered, requests } = await onSwarm();
    const [properties] = specOf(registered, "back").containerSpec.secrets;
    expect(properties).toMatchObject({
      fileName: "/home/gradle.properties",
      fileMode: 0o600,
      fileUid: "65534",
      fileGid: "65534",
    });
    // The password is nowhere but in the secret.
    const holding = Object.entries(requests).filter(([, request]) =>
      [...JSON.stringify(request).matchAll(/[A-Za-z0-9+/=]{12,}/g)].some(([word]) =>
        Buffer.from(word, "base64").toString().includes(PASSWORD),
      ),
    );
    expect(holding.map(([name]) => name.split("-")[1])).toEqual(["gradle.properties"]);
    expect(holding[0]?.[1]).toMatchObject({ inputs: { data: { secret: expect.any(String) } } });
  });

  it("replaces an empty file by one with a line's end, and refuses one that a swarm does not keep", async () => {
    const { registered } = await onSwarm({ "agatha:front": '{"files":{"a.js":{"text":""}}}' });
    const config = registered.find(({ type }) => type.endsWith(":ServiceConfig"));
    expect(config?.inputs["data"]).toBe(Buffer.from("\n").toString("base64"));
    const large = JSON.stringify({ files: { "a.js": { text: "x".repeat(512_000) } } });
    await expect(onSwarm({ "agatha:front": large })).rejects.toThrow(
      'agatha:front.files["a.js"]: has 512000 bytes, and a swarm keeps files of at most 511999.',
    );
  });

  it("runs images by docker's id, or by digest from the registry, which then has to have them", async () => {
    const local = await onSwarm();
    expect(only(local.registered, COMMAND, "back-image-build")["environment"]).not.toHaveProperty(
      "BY_DIGEST",
    );
    printed.of = () => ({ stdout: "", stderr: '{"sizeBytes":42,"digest":"sha256:abc"}' });
    const { registered, requests } = await onSwarm(REGISTRY);
    const { image, env } = specOf(registered, "back").containerSpec;
    expect(image).toBe("registry.example:5000/agatha/agatha-back-image@sha256:abc");
    expect(env["AGATHA_IMAGE"]).toBe(`agatha-back-image:${hash("b")}`);
    expect(only(registered, COMMAND, "back-image-build")["environment"]).toMatchObject({ BY_DIGEST: "1" });
    // A plain container runs what docker has.
    expect(only(registered, COMMAND, "db-image-build")["environment"]).not.toHaveProperty("BY_DIGEST");
    expect(JSON.stringify(requests["pulumi:providers:docker docker"])).toContain("registry.example:5000");
  });

  it("has tasks that start first, one after the other, and go back if one fails; or the old one stops first", async () => {
    const update = async (more: object) =>
      only((await onSwarm({ "agatha:back": JSON.stringify(more) })).registered, SERVICE, "agatha-dev-back");
    expect(await update({ replicas: 3, placement: { zone: "west" } })).toMatchObject({
      mode: { replicated: { replicas: 3 } },
      endpointSpec: { mode: "dnsrr" },
      updateConfig: { order: "start-first", parallelism: 1, failureAction: "rollback", monitor: "5s" },
      rollbackConfig: { order: "start-first", failureAction: "continue", monitor: "1ms" },
      taskSpec: { placement: { constraints: ["node.labels.zone==west"] } },
    });
    expect(await update({ overlap: false })).toMatchObject({ updateConfig: { order: "stop-first" } });
  });

  it("waits for its tasks in a step of its own, again after each change, and longer for more of them", async () => {
    const first = gateOf((await onSwarm()).registered, "back");
    expect(first.create).toBe("node steps/await-tasks.ts");
    expect(first.environment).toMatchObject({
      REPLICAS: "1",
      SWARM_SERVICE: "agatha-dev-back",
      DATABASE_USER: "postgres",
    });
    const changed = gateOf(
      (await onSwarm({ "agatha:back": '{"env":{"X":"1"},"replicas":2}' })).registered,
      "back",
    );
    expect(changed.triggers).not.toEqual(first.triggers);
    expect(Number(changed.environment["LIMIT_MS"])).toBe(2 * Number(first.environment["LIMIT_MS"]));
  });

  it("is sent again once docker has undone its last update, and sets the password again", async () => {
    expect(specOf((await onSwarm()).registered, "back").forceUpdate).toBeUndefined();
    running.of.set("back", "former agatha-back-image:one");
    const { registered, requests } = await onSwarm();
    expect(specOf(registered, "back").forceUpdate).toBeGreaterThan(1.7e9);
    expect(specOf(registered, "front").forceUpdate).toBeUndefined();
    expect(gateOf(registered, "back").environment).toHaveProperty("UNDONE_AT");
    expect(gateOf(registered, "front").environment).not.toHaveProperty("UNDONE_AT");
    expect(requests[`${SERVICE} agatha-dev-back`]).not.toHaveProperty("ignoreChanges");
    expect(requests[`${SERVICE} agatha-dev-front`]).toMatchObject({
      ignoreChanges: ["taskSpec.forceUpdate"],
    });
    expect(only(registered, COMMAND, "db-schema-password")["environment"]).toHaveProperty("ABSENT_AT");
  });

  it("follows its database without depending on the database's container, which Pulumi removes first", async () => {
    const followed = async (more: Record<string, string> = {}) =>
      specOf((await onSwarm(more)).registered, "back").containerSpec.env["AGATHA_FOLLOWS_DB"];
    const first = await followed();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await followed({ "agatha:database": '{"settings":{"work_mem":"8MB"}}' })).not.toBe(first);
    expect(await followed({ "agatha:database": '{"memory":600}' })).not.toBe("");
    expect(await followed({ "agatha:back": '{"memory":600}' })).toBe(first);
  });

  it("is refused where the docker host is none, and on a stack of another target", async () => {
    swarm.refusal = "no swarm";
    await expect(onSwarm()).rejects.toThrow("no swarm");
    swarm.refusal = undefined;
    const held = { engine: "ENGINE", address: "x", stack: "dev" };
    await expect(onSwarm({}, false, held)).rejects.toThrow(
      'agatha:target: "swarm" is not what stack "dev" runs on, which is "docker". Set it back, or take the stack down by `npm run down`',
    );
    await expect(program({}, true, { ...held, target: "swarm" })).rejects.toThrow('which is "swarm"');
    await onSwarm({}, false, { ...held, target: "swarm" });
  });
});
