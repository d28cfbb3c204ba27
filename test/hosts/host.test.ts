/** A stack on another host: a second engine on this machine, behind a real sshd and behind TLS. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { certificates } from "../support/certificates.ts";
import { Engine } from "../support/engine.ts";
import { putEntry } from "../support/jar.ts";
import { changes, execute, Scratch } from "../support/scratch.ts";
import { SshServer } from "../support/sshServer.ts";
import { expectSentences } from "../support/words.ts";

let engine: Engine;
let ssh: SshServer;
let scratch: Scratch;

const TLS_PORT = 2376;

/** An engine that answers on its socket, and by TLS to who has a certificate. */
function tls({ folder, address }: Engine): string[] {
  const at = (name: string) => join(certificates(join(folder, "tls"), address), name);
  return [
    ...["--host", `tcp://${address}:${TLS_PORT}`, "--tlsverify", "--tlscacert", at("ca.pem")],
    ...["--tlscert", at("server.pem"), "--tlskey", at("server-key.pem")],
  ];
}

beforeAll(async () => {
  engine = await Engine.make({ args: tls });
  ssh = await SshServer.on(engine);
  // A context of docker's, as `docker context create` makes it, chosen by the environment.
  const config = join(engine.folder, "config");
  mkdirSync(config);
  const env = { ...ssh.env, DOCKER_CONFIG: config, DOCKER_CONTEXT: "other" };
  const create = ["context", "create", "other", "--docker", `host=${ssh.url}`];
  const created = await execute("docker", create, { ...process.env, DOCKER_CONFIG: config });
  expect(created.code, created.output).toBe(0);
  scratch = await Scratch.make({ env, address: engine.address, inspect: engine.host });
});
afterAll(async () => {
  await scratch?.remove().finally(() => ssh.end().finally(() => engine.remove()));
});

/** What this machine's own engine has of the stack. */
async function here(): Promise<string> {
  const args = ["ps", "--all", "--quiet", "--filter", `label=agatha.stack=${scratch.stack}`];
  return (await execute("docker", args)).output;
}

const health = async () => (await fetch(`${scratch.backUrl}/health`)).status;

it("a preview needs no connection, and does not wait for one", async () => {
  const timed = async () => {
    const start = performance.now();
    const { code, output, operations } = await scratch.preview();
    expect(code, output).toBe(0);
    expect(operations["back-container"]).toBe("create");
    return performance.now() - start;
  };
  const connected = await timed();
  await ssh.end();
  const alone = await timed().finally(() => ssh.again());
  // Five seconds for the host; half as much again as with it, for what else this machine has to do.
  expect(alone).toBeLessThan(1.5 * connected + 5000);
});

it("is built here and runs there, by a docker context over ssh", async () => {
  await scratch.upWell();
  expect(await health()).toBe(200);
  expect((await fetch(scratch.frontUrl)).status).toBe(200);
  expect(await scratch.own("container")).toHaveLength(3);
  expect(await here()).toBe("");
});

it("only the layers that are missing there are sent", async () => {
  await putEntry(scratch.jar, "release.txt", "2\n");
  const { output, operations } = await scratch.upWell();
  expect(changes(operations)).toEqual({
    "back-image-build": "replace",
    "back-image-loaded": "replace",
    "back-trial": "update",
    "back-container": "replace",
    "back-healthy": "replace",
    history: "update",
  });
  expect(output).toMatch(/agatha-back-image:\w+ built in [\d.]+ s, 1 of \d+ layers/);
});

it("the same host by DOCKER_HOST changes nothing", async () => {
  const env = { DOCKER_HOST: ssh.url, DOCKER_CONTEXT: "" };
  const preview = await scratch.preview(env);
  expect(changes(preview.operations)).toEqual({});
  const up = await scratch.up(env);
  expect(up.code, up.output).toBe(0);
  expect(changes(up.operations)).toEqual({});
});

it("the configuration comes before what the environment says, for the provider too", async () => {
  scratch.config["dockerHost"] = ssh.url;
  scratch.back({ memory: 400 });
  // What the environment named so far has to work still: the step that removes the former files is told no host.
  const env = { DOCKER_HOST: ssh.url, DOCKER_CONTEXT: "nowhere", DOCKER_CERT_PATH: "/nowhere" };
  const { code, output, operations } = await scratch.up(env);
  expect(code, output).toBe(0);
  // Its files come by a step that is told the host, and is made anew with another address.
  expect(["update", "replace"]).toContain(operations["back-container"]);
  expect(operations["db-container"]).toBe("same");
  expect(
    await scratch.docker("inspect", "--format", "{{.HostConfig.Memory}}", scratch.container("back")),
  ).toEqual([String(400 * 1024 * 1024)]);
  expect(await health()).toBe(200);
});

it.each([
  ["a preview", () => scratch.preview()],
  ["an update", () => scratch.up()],
])("%s on another host is refused, with the mend, before anything is touched", async (_, operate) => {
  const before = await scratch.running();
  scratch.config["dockerHost"] = "unix:///var/run/docker.sock";
  await putEntry(scratch.jar, "release.txt", "3\n");
  const { code, output, operations } = await operate();
  scratch.config["dockerHost"] = ssh.url;
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toContain(
    `agatha:dockerHost: "unix:///var/run/docker.sock" is not the docker host that stack "${scratch.stack}" runs on, which is "${ssh.url}". Set it back, or move the stack as docs/remote-hosts.md tells`,
  );
  expect(changes(operations)).toEqual({});
  expect(await here()).toBe("");
  expect(await scratch.running()).toEqual(before);
});

it("a key that the host refuses is told as such, and nothing is touched", async () => {
  const before = await scratch.running();
  await ssh.admit(false);
  const { code, output, operations } = await scratch.up();
  await ssh.admit(true);
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toContain(
    `docker: ${ssh.url} refuses this user's ssh key. Add the key to the host's authorized_keys`,
  );
  expect(changes(operations)).toEqual({});
  expect(await scratch.running()).toEqual(before);
});

it("a host that is away is told as such, and the next up goes on", async () => {
  await ssh.end();
  const { code, output, operations } = await scratch.up();
  await ssh.again();
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toContain(
    `docker: ${ssh.url} cannot be reached: connect to host ${engine.address} port 22: Connection refused. See to`,
  );
  expect(changes(operations)).toEqual({});
  const { operations: next } = await scratch.upWell();
  expect(next["back-container"]).toBe("replace");
  expect(await health()).toBe(200);
});

it("the same host by TLS; without a certificate it is told what lacks", async () => {
  scratch.config["dockerHost"] = `tcp://${engine.address}:${TLS_PORT}`;
  scratch.back({ memory: 420 });
  const plain = await scratch.up();
  expect(plain.code).not.toBe(0);
  expectSentences(scratch, plain.output);
  expect(plain.output).toContain(`and this client do not agree on TLS:`);
  expect(plain.output).toContain("DOCKER_TLS_VERIFY=1");
  const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(engine.folder, "tls") };
  const { code, output, operations } = await scratch.up(env);
  expect(code, output).toBe(0);
  expect(["update", "replace"]).toContain(operations["back-container"]);
  expect(operations["db-container"]).toBe("same");
  // Back to ssh, which needs no certificate at the end; what goes is still reached by TLS.
  scratch.config["dockerHost"] = ssh.url;
  const back = await scratch.up(env);
  expect(back.code, back.output).toBe(0);
  expect(await health()).toBe(200);
});
