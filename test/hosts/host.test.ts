/**
 * A stack on another docker host: an engine behind a real sshd and behind TLS, and a second one that is reached by its
 * socket, like this machine's own.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificates } from "../support/certificates.ts";
import { Engine } from "../support/engine.ts";
import { putEntry } from "../support/jar.ts";
import { startLoad } from "../support/load.ts";
import { allParts, partsOf } from "../support/parts.ts";
import { changes, execute, Scratch } from "../support/scratch.ts";
import { runBlock, writeStackFile } from "../support/scratchPage.ts";
import { SshServer } from "../support/sshServer.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";
import { expectSentences } from "../support/words.ts";

let engine: Engine;
let home: Engine;
let ssh: SshServer;
let scratch: Scratch;

const TLS_PORT = 2376;

const tlsUrl = () => `tcp://${engine.address}:${TLS_PORT}`;
const certificate = () => ({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(engine.folder, "tls") });

/** An engine that answers on its socket, and by TLS to clients with a certificate. */
function tls({ folder, address }: Engine): string[] {
  const at = (name: string) => join(certificates(join(folder, "tls"), address), name);
  return [
    ...["--host", `tcp://${address}:${TLS_PORT}`, "--tlsverify", "--tlscacert", at("ca.pem")],
    ...["--tlscert", at("server.pem"), "--tlskey", at("server-key.pem")],
  ];
}

beforeAll(async () => {
  [engine, home] = await Promise.all([Engine.make({ args: tls }), Engine.make()]);
  ssh = await SshServer.on(engine);
  // A docker context as `docker context create` writes it, chosen by the environment.
  const config = join(engine.folder, "config");
  mkdirSync(config);
  const env = { ...ssh.env, DOCKER_CONFIG: config, DOCKER_CONTEXT: "other" };
  const create = ["context", "create", "other", "--docker", `host=${ssh.url}`];
  const created = await execute("docker", create, { ...process.env, DOCKER_CONFIG: config });
  expect(created.code, created.output).toBe(0);
  scratch = await Scratch.make({ env, address: engine.address, inspect: engine.host });
});
afterAll(async () => {
  await scratch?.remove().finally(() => ssh.end());
  await Promise.all([engine?.remove(), home?.remove()]);
});

const health = async () => (await fetch(`${scratch.backUrl}/health`)).status;

it("a preview needs no connection, and does not wait long for one", async () => {
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
  // Five seconds of waiting for the host; half as much again as with it, since the machine is busy.
  expect(alone).toBeLessThan(1.5 * connected + 5000);
});

it("is built here and runs there, by a docker context over ssh, while another stack starts on another host", async () => {
  // The ports may be the same, since the hosts differ.
  const env = { PULUMI_BACKEND_URL: scratch.env["PULUMI_BACKEND_URL"], DOCKER_CONTEXT: "" };
  const other = await Scratch.make({ dockerHost: home.host, env, address: home.address, inspect: home.host });
  const files = [scratch, other].map(writeStackFile);
  try {
    for (const name of ["back", "front"] as const)
      other.config[name] = { ...(scratch.config[name] as object) };
    const ended = await Promise.all([scratch.up(), other.up()]);
    for (const { code, output } of ended) expect(code, output).toBe(0);
    expect(await partsOf(scratch.stack, engine.docker)).toEqual(allParts(scratch.stack));
    expect(await partsOf(other.stack, home.docker)).toEqual(allParts(other.stack));
    expect([await partsOf(scratch.stack, home.docker), await partsOf(other.stack, engine.docker)]).toEqual([
      [],
      [],
    ]);
    for (const stack of [scratch, other]) {
      await stack.sql(`insert into budget (name, amount_cents) values ('${stack.stack}', 1)`);
      const budgets = await (await fetch(`${stack.backUrl}/api/budgets`)).json();
      expect(budgets).toMatchObject([{ name: stack.stack }]);
      expect((await fetch(stack.frontUrl)).status).toBe(200);
    }
    expect(scratch.backPort).toBe(other.backPort);
    const list = await execute(process.execPath, ["scripts/stack.ts", "list"], scratch.env);
    for (const [stack, host] of [
      [scratch, "the environment's"],
      [other, home.host],
    ] as const)
      expect(list.output).toMatch(new RegExp(`^${stack.stack} +\\d+ resources +\\S.* +${host} `, "m"));
  } finally {
    for (const file of files) rmSync(file);
    await other.remove();
  }
  expect(await health()).toBe(200);
});

it("the same host by DOCKER_HOST changes nothing", async () => {
  const env = { DOCKER_HOST: ssh.url, DOCKER_CONTEXT: "" };
  const up = await scratch.up(env);
  expect(up.code, up.output).toBe(0);
  expect(changes(up.operations)).toEqual({});
});

it.each([
  ["a preview", () => scratch.preview()],
  ["an update", () => scratch.up()],
])("%s on another host is refused, with the fix, before anything is touched", async (_, operate) => {
  const before = await scratch.running();
  scratch.config["dockerHost"] = home.host;
  const { code, output, operations } = await operate();
  delete scratch.config["dockerHost"];
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toContain(
    `agatha:dockerHost: "${home.host}" is not the docker host that stack "${scratch.stack}" runs on, which is "${ssh.url}". Set it back, or move the stack as docs/remote-hosts.md describes`,
  );
  expect(changes(operations)).toEqual({});
  expect(await partsOf(scratch.stack, home.docker)).toEqual([]);
  expect(await scratch.running()).toEqual(before);
});

it("an ssh key that the host refuses is reported before anything is touched", async () => {
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

it("an unreachable host is reported; the next up goes on unnoticed, and sends only missing layers", async () => {
  await putEntry(scratch.jar, "release.txt", "2\n");
  await ssh.end();
  const { code, output, operations } = await scratch.up();
  await ssh.again();
  expect(code).not.toBe(0);
  expectSentences(scratch, output);
  expect(output).toContain(
    `docker: ${ssh.url} cannot be reached: connect to host ${engine.address} port 22: Connection refused. Check`,
  );
  expect(changes(operations)).toEqual({});
  const budgets = `${scratch.backUrl}/api/budgets`;
  const load = await startLoad({ reads: [budgets, scratch.frontUrl], writes: budgets, perSecond: 50 });
  const next = await scratch.upWell().finally(async () => expectUnnoticed(await load.stop()));
  expect(changes(next.operations)).toEqual({
    "back-image-build": "replace",
    "back-image-loaded": "replace",
    "back-files": "replace",
    "back-container": "replace",
    "back-healthy": "replace",
    history: "update",
  });
  // The jar's layer, and the migrations' on it.
  expect(next.output).toMatch(/agatha-back-image:\w+ built in [\d.]+ s, 2 of \d+ layers/);
  expect(await health()).toBe(200);
});

it("accepts the same host by TLS, and reports a missing certificate", async () => {
  const before = await scratch.running();
  scratch.config["dockerHost"] = tlsUrl();
  const plain = await scratch.up();
  const { code, output, operations } = await scratch.preview(certificate());
  delete scratch.config["dockerHost"];
  expect(plain.code).not.toBe(0);
  expectSentences(scratch, plain.output);
  expect(plain.output).toContain(`and this client do not agree on TLS:`);
  expect(plain.output).toContain("DOCKER_TLS_VERIFY=1");
  expect(code, output).toBe(0);
  // The steps that write their files know the host's address.
  expect(operations).toMatchObject({
    "back-container": "replace",
    "db-container": "same",
    "db-data": "same",
  });
  expect(await scratch.running()).toEqual(before);
});

/** Runs a block of the page, for this stack and its newest backup. */
async function asThePageSays(name: string, dockerHost: string): Promise<void> {
  const newest = `"$(ls -t .state/backups/${scratch.stack}/*.dump | head -n 1)"`;
  const output = await runBlock(scratch, ["docs/remote-hosts.md", "hosts/host.test.ts", name], {
    // There is no terminal to ask at.
    words: { "ssh://deploy@new.example": dockerHost, FILE: `${newest} --yes` },
    env: certificate(),
  });
  expect(output).not.toContain(scratch.password);
}

const names = async (url: string) =>
  ((await (await fetch(`${url}/api/budgets`)).json()) as { name: string }[]).map(({ name }) => name);

describe("moves", () => {
  it("with its data, and leaves the old volume in place", async () => {
    await asThePageSays("move", home.host);
    expect(await names(`http://${home.address}:${scratch.backPort}`)).toContain(scratch.stack);
    expect(await partsOf(scratch.stack, home.docker)).toEqual(allParts(scratch.stack));
    expect(await partsOf(scratch.stack, engine.docker)).toEqual([`agatha-${scratch.stack}-db-data`]);
    const dropped = await engine.docker("volume", "rm", `agatha-${scratch.stack}-db-data`);
    expect(dropped.code, dropped.output).toBe(0);
  });

  it("to a new host by TLS after its own is lost, without contacting the lost one", async () => {
    const lost = `label=agatha.stack=${scratch.stack}`;
    const before = await home.docker("ps", "--quiet", "--no-trunc", "--filter", lost);
    await asThePageSays("lost host", tlsUrl());
    expect(await names(scratch.backUrl)).toContain(scratch.stack);
    expect(await partsOf(scratch.stack, engine.docker)).toEqual(allParts(scratch.stack));
    expect(await home.docker("ps", "--quiet", "--no-trunc", "--filter", lost)).toEqual(before);
    // The stack's host from now on.
    Object.assign(scratch.env, certificate());
    const again = await scratch.up();
    expect(again.code, again.output).toBe(0);
    expect(changes(again.operations)).toEqual({});
  });
});
