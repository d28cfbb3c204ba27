/**
 * Secrets are only where they have to be: encrypted in the state, and in the back's gradle.properties. There are three:
 * the database's password, a property that is a secret in the configuration, and a registry's password.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SERVICES } from "../../lib/serviceNames.ts";
import { putEntry } from "../support/jar.ts";
import { LocalRegistry } from "../support/registry.ts";
import { execute, Scratch } from "../support/scratch.ts";

let scratch: Scratch;
const said: string[] = [];

/** The value of the secret property. */
const marker = `marker-${randomBytes(9).toString("hex")}`;

const folder = mkdtempSync(join(tmpdir(), "agatha-secrets-"));
let registry: LocalRegistry;

beforeAll(async () => {
  // An address of this machine from which docker accepts images without TLS.
  registry = await LocalRegistry.start(folder, "127.0.0.1", randomBytes(12).toString("hex"));
  scratch = await Scratch.make();
  scratch.back({ properties: { ...DEFAULTS, apiKey: await encrypted(marker) } });
  said.push((await scratch.preview()).output, (await scratch.upWell()).output);
});
afterAll(async () => {
  await scratch?.remove().finally(() => registry.end());
  rmSync(folder, { recursive: true });
});

/** The sample's own. */
const DEFAULTS = {
  serverPort: "8000",
  databaseUrl: "jdbc:postgresql://${databaseHost}:${databasePort}/${databaseName}",
  databaseUser: "${databaseUser}",
  databasePassword: "${databasePassword}",
};

/** A value as `pulumi config set --secret` writes it. */
async function encrypted(value: string): Promise<{ secure: string }> {
  const { code, output } = await scratch.pulumi([
    ...["config", "set", "--secret", "--config-file", scratch.configFile, "agatha:once", value],
  ]);
  expect(code, output).toBe(0);
  const secure = /agatha:once:\s+secure: (\S+)/.exec(readFileSync(scratch.configFile, "utf8"))?.[1];
  if (secure === undefined) throw new Error("pulumi config set wrote no secret");
  return { secure };
}

/** Each encoding in which the password may appear. */
function expectNoSecret(text: string): void {
  for (const secret of [scratch.password, marker, registry.password]) {
    const forms = [secret, encodeURIComponent(secret), ...base64Forms(secret)];
    for (const form of forms)
      expect(text.includes(form), `${form} is in ${text.length} characters of text`).toBe(false);
  }
}

/** A text's possible forms inside the base64 of a longer one, by its offset. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${"x".repeat(offset)}${text}`).toString("base64");
    return encoded.slice(offset === 0 ? 0 : 4, -4);
  });
}

describe("no secret is in", () => {
  it("the output of preview and up", async () => {
    scratch.back({ env: { CHANGED: "1" } });
    scratch.config["registry"] = {
      ...{ address: registry.address, repository: "team/agatha", insecure: true },
      ...{ username: registry.username, password: await encrypted(registry.password) },
    };
    said.push((await scratch.preview()).output, (await scratch.upWell()).output);
    // A failure prints more, and the new container knows both secrets.
    scratch.back({ env: { serverPort: "none" } });
    const failed = await scratch.up();
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain("The old one keeps serving.");
    said.push(failed.output);
    scratch.back({ env: { CHANGED: "1" } });
    said.push((await scratch.upWell()).output);
    for (const output of said) {
      expect(output.length).toBeGreaterThan(200);
      expectNoSecret(output);
    }
  });

  it("the exported state", async () => {
    const { code, output } = await scratch.pulumi(["stack", "export"]);
    expect(code).toBe(0);
    expect(output).toContain(`::${scratch.named("back")}`);
    expectNoSecret(output);
  });

  it("what docker shows of containers and images", async () => {
    for (const service of SERVICES) {
      const container = await scratch.container(service);
      expectNoSecret((await scratch.docker("container", "inspect", container)).join("\n"));
      const [image = ""] = await scratch.docker("inspect", "--format", "{{.Image}}", container);
      expectNoSecret((await scratch.docker("image", "inspect", image)).join("\n"));
      expectNoSecret((await scratch.docker("history", "--no-trunc", image)).join("\n"));
    }
    expectNoSecret((await scratch.docker("volume", "inspect", ...(await scratch.own("volume")))).join("\n"));
  });

  it("the arguments and the environment of any process", async () => {
    for (const service of SERVICES) {
      const [, ...pids] = await scratch.docker("top", await scratch.container(service), "-o", "pid");
      expect(pids.length).toBeGreaterThan(0);
      for (const pid of pids.map((text) => text.trim()))
        for (const file of ["cmdline", "environ"]) expectNoSecret(processFile(pid, file));
    }
  });

  it("the arguments and the environment of any process while an up pushes, pulls and writes files", async () => {
    const seen = new Set<string>();
    let over = false;
    const watch = (async () => {
      for (; !over; await new Promise((resolve) => setTimeout(resolve, 10)))
        for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
          const [words, environment] = ["cmdline", "environ"].map((file) => processFile(pid, file));
          // Pulumi passes the configuration to its program in an environment variable; our code does not.
          const text = environment?.includes("PULUMI_CONFIG=") ? words : `${words}\0${environment}`;
          if (`${words}${environment}`.includes(scratch.stack)) seen.add(text ?? "");
        }
    })();
    scratch.back({
      files: { "/home/logback.xml": { file: "sample/logback.xml" }, "/home/more": { text: "1" } },
    });
    // A new image, which is pushed to the registry and pulled by docker.
    await putEntry(scratch.jar, "release.txt", `${scratch.stack}\n`);
    const { output, operations } = await scratch.upWell().finally(() => (over = true));
    await watch;
    expectNoSecret(output);
    expect(operations["back-container"]).toBe("replace");
    expect(registry.uploads()).toBeGreaterThan(2);
    const { output: state } = await scratch.pulumi(["stack", "export"]);
    expect(state).toContain(registry.address);
    expectNoSecret(state);
    const texts = [...seen];
    // The steps and the programs that they run were among them.
    const pull = `docker\0pull\0--quiet\0${registry.address}/team/agatha/agatha-back-image@sha256:`;
    for (const program of [
      "steps/take-over.ts",
      "steps/place-files.ts",
      "docker\0create\0",
      "skopeo\0",
      pull,
    ])
      expect(
        texts.some((text) => text.includes(program)),
        program,
      ).toBe(true);
    for (const text of texts) expectNoSecret(text);
  });

  it("any log", async () => {
    for (const service of SERVICES)
      expectNoSecret((await execute("docker", ["logs", await scratch.container(service)])).output);
  });

  it("the derivations of the images", async () => {
    const images = (await scratch.outputs())["images"] as Record<string, { drvPath: string }>;
    for (const { drvPath } of Object.values(images)) expectNoSecret(readFileSync(drvPath, "utf8"));
  });
});

it.each([
  // Real back ends rewrite it.
  ["gradle.properties", "0600", "databasePassword="],
  ["logback.xml", "0400", "<configuration"],
])("only its user and root can read the back's %s", async (file, permissions, text) => {
  const back = await scratch.container("back");
  // A tar archive: the header has mode, user and group.
  const { output } = await execute("docker", ["cp", `${back}:/home/${file}`, "-"]);
  expect(output).toContain(text);
  if (file === "gradle.properties")
    expect(output).toMatch(new RegExp(`apiKey=${marker}\n(.*\n)*databasePassword=${scratch.password}\n`));
  const [mode = "", user = "", group = ""] = output.slice(100, 124).split("\0");
  // Docker may write the file type above the permissions.
  expect([mode.slice(-4), Number.parseInt(user, 8), Number.parseInt(group, 8)]).toEqual([
    permissions,
    65534,
    65534,
  ]);
});

/** Empty if the process is another user's, or gone. */
function processFile(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
