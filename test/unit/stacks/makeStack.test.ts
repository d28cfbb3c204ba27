import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hostFor, portsFor, refuseModel, setSecret } from "../../../lib/stacks/make.ts";

const HOST = "ssh://deploy@review.example";
const folder = mkdtempSync(join(tmpdir(), "agatha-ports-"));
const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, DOCKER_HOST: HOST };
let server: Server;

beforeAll(async () => {
  // What docker ps prints, on that host alone.
  const holders = "pr-11\\t\\t0.0.0.0:9200->8000/tcp\\npr-12\\t\\t127.0.0.1:6573->5173/tcp\\n";
  const docker = `#!/bin/sh\n[ "$DOCKER_HOST" = ${HOST} ] && printf '${holders}'\n`;
  writeFileSync(join(folder, "docker"), docker, { mode: 0o755 });
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\ncat > ${folder}/input\n`, { mode: 0o755 });
  server = createServer();
  await new Promise((resolve) => {
    // Whoever has it already does as well.
    server.once("error", resolve);
    server.listen(9300, "127.0.0.1", () => resolve(undefined));
  });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

it("ports are free on the docker host, whatever listens on this machine", async () => {
  expect(await portsFor("pr-12", HOST, env, undefined)).toEqual({ back: 9300, front: 6473 });
});

it("on this machine's own docker, ports that another program has are not free", async () => {
  const { back } = await portsFor("pr-13", undefined, { ...env, DOCKER_HOST: "" }, undefined);
  expect(back).toBeGreaterThan(9300);
});

it("a stack keeps the ports that it had, unless another has got one", async () => {
  const had = (back: number, front: number) => ({
    "agatha:back": { publish: { port: back } },
    "agatha:front": { publish: { port: front } },
  });
  expect(await portsFor("pr-12", HOST, env, had(9500, 6573))).toEqual({ back: 9500, front: 6573 });
  expect(await portsFor("pr-12", HOST, env, had(9200, 6573))).toEqual({ back: 9300, front: 6573 });
  const backAlone = { "agatha:back": { publish: { port: 9500 } }, "agatha:front": { publish: false } };
  expect((await portsFor("pr-12", HOST, env, backAlone)).back).toBe(9500);
});

it("a stack runs on the given host, else on its last one, else on its model's", () => {
  const on = (host: string) => ({ "agatha:dockerHost": `ssh://${host}` });
  expect(hostFor("ssh://given", on("last"), on("model"))).toBe("ssh://given");
  expect(hostFor(undefined, on("last"), on("model"))).toBe("ssh://last");
  expect(hostFor(undefined, {}, on("model"))).toBe("ssh://model");
  expect(hostFor(undefined, undefined, on("model"))).toBe("ssh://model");
  expect(hostFor(undefined, undefined, {})).toBeUndefined();
});

it("a secret is given to Pulumi with the newline that Pulumi drops", async () => {
  await setSecret("pr-12", "agatha:x", "of two\nlines\n", env);
  expect(readFileSync(join(folder, "input"), "utf8")).toBe("of two\nlines\n\n");
});

// The file was written and the stack made before a secret was asked for that the model has elsewhere.
it("a model's secret is set anew, and nothing is made if it cannot be read", async () => {
  const clone = mkdtempSync(join(tmpdir(), "agatha-like-"));
  mkdirSync(join(clone, "scripts"));
  writeFileSync(join(clone, "scripts/env.sh"), "");
  writeFileSync(
    join(clone, "Pulumi.model.yaml"),
    "config:\n  agatha:dockerHost: ssh://nobody@invalid\n  agatha:registry: { password: { secure: v1:x } }\n",
  );
  const pulumi = `#!/bin/bash
    echo "$@" >>calls
    case "$1 $2" in "stack ls") echo "[]";; "config get") [ -e readable ] && echo '{"value":"s3cret"}';; "config set") cat >input;; esac`;
  writeFileSync(join(clone, "pulumi"), pulumi, { mode: 0o755 });
  writeFileSync(join(clone, "docker"), "#!/bin/sh\n", { mode: 0o755 });
  const script = `const { makeStack } = await import(${JSON.stringify(resolve("lib/stacks/make.ts"))});
    await makeStack("new", { like: process.argv[1] }).catch(({ message }) => console.log(message));`;
  const make = (like = "model") =>
    execFileSync(process.execPath, ["--input-type=module", "-e", script, like], {
      ...{ cwd: clone, encoding: "utf8" },
      env: { ...process.env, PATH: `${clone}:${process.env["PATH"]}` },
    });
  expect(make()).toMatch(/^Pulumi\.model\.yaml: its secret agatha:registry\["password"\] cannot be read/);
  expect(existsSync(join(clone, "Pulumi.new.yaml"))).toBe(false);
  expect(readFileSync(join(clone, "calls"), "utf8")).not.toContain("stack init");
  writeFileSync(join(clone, "Pulumi.broken.yaml"), "a: [");
  expect(make("broken")).toMatch(/^Pulumi\.broken\.yaml: cannot be read as YAML\. Fix it: /);
  rmSync(join(clone, "Pulumi.broken.yaml"));
  writeFileSync(join(clone, "readable"), "");
  make();
  const calls = readFileSync(join(clone, "calls"), "utf8");
  expect(calls).toContain('config get agatha:registry["password"] --stack model --path --json');
  expect(calls).toContain('config set agatha:registry["password"] --stack new --secret --path');
  expect(readFileSync(join(clone, "input"), "utf8")).toBe("s3cret\n");
  rmSync(clone, { recursive: true });
}, 30_000);

it("a model that is not all in its configuration is refused", () => {
  const refused = (text: string) => () => refuseModel("Pulumi.m.yaml", text);
  for (const [key, value] of [
    ["secretsprovider", "awskms://alias/x"],
    ["environment", "[team]"],
  ])
    expect(refused(`${key}: ${value}\nconfig: {}\n`)).toThrow(
      `--like: Pulumi.m.yaml has "${key}", which is not copied. Take a model without it, or write the new stack's file by hand.`,
    );
  for (const text of ["", "encryptionsalt: v1:x\nsecretsprovider: passphrase\nconfig:\n  agatha:keep: 2\n"])
    expect(refused(text)).not.toThrow();
});
