/** The password is nowhere but where it has to be: encrypted in the state, and in the back's gradle.properties. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, Scratch } from "../support/scratch.ts";

let scratch: Scratch;
const said: string[] = [];

beforeAll(async () => {
  scratch = await Scratch.make();
  said.push((await scratch.preview()).output, (await scratch.upWell()).output);
});
afterAll(() => scratch?.remove());

const SERVICES = ["db", "back", "front"];

/** Each of the ways in which the password may be written. */
function expectNoSecret(text: string): void {
  const forms = [scratch.password, encodeURIComponent(scratch.password)];
  for (const form of [...forms, ...forms.map((form) => Buffer.from(form).toString("base64"))])
    expect(text.includes(form), `the password is in ${text.length} characters of text`).toBe(false);
}

describe("the password is not in", () => {
  it("what preview and up print", async () => {
    scratch.config["back"] = { ...(scratch.config["back"] as object), env: { CHANGED: "1" } };
    said.push((await scratch.preview()).output, (await scratch.upWell()).output);
    for (const output of said) {
      expect(output.length).toBeGreaterThan(200);
      expectNoSecret(output);
    }
  });

  it("the stack's state, as it is exported", async () => {
    const { code, output } = await scratch.pulumi(["stack", "export"]);
    expect(code).toBe(0);
    expect(output).toContain("back-container");
    expectNoSecret(output);
  });

  it("what docker tells of containers and images", async () => {
    for (const service of SERVICES) {
      const container = scratch.container(service);
      expectNoSecret((await scratch.docker("container", "inspect", container)).join("\n"));
      const [image = ""] = await scratch.docker("inspect", "--format", "{{.Image}}", container);
      expectNoSecret((await scratch.docker("image", "inspect", image)).join("\n"));
      expectNoSecret((await scratch.docker("history", "--no-trunc", image)).join("\n"));
    }
    expectNoSecret((await scratch.docker("volume", "inspect", ...(await scratch.own("volume")))).join("\n"));
  });

  it("the arguments and the environment of any process", async () => {
    for (const service of SERVICES) {
      const [, ...pids] = await scratch.docker("top", scratch.container(service), "-o", "pid");
      expect(pids.length).toBeGreaterThan(0);
      for (const pid of pids.map((text) => text.trim()))
        for (const file of ["cmdline", "environ"]) expectNoSecret(processFile(pid, file));
    }
  });

  it("any log", async () => {
    for (const service of SERVICES)
      expectNoSecret((await execute("docker", ["logs", scratch.container(service)])).output);
  });

  it("the derivations of the images", async () => {
    const images = (await scratch.outputs())["images"] as Record<string, { drvPath: string }>;
    for (const { drvPath } of Object.values(images)) expectNoSecret(readFileSync(drvPath, "utf8"));
  });
});

it("the back's properties file has the password, and only its user and root can read it", async () => {
  const back = scratch.container("back");
  // A tar archive: the header tells mode, user and group.
  const { output } = await execute("docker", ["cp", `${back}:/home/gradle.properties`, "-"]);
  expect(output).toContain(`databasePassword=${scratch.password}`);
  const [mode = "", user = "", group = ""] = output.slice(100, 124).split("\0");
  // Above the permissions, docker may write the kind of file.
  expect([mode.slice(-4), Number.parseInt(user, 8), Number.parseInt(group, 8)]).toEqual([
    "0660",
    65534,
    65534,
  ]);
});

/** Empty where the process is somebody else's, or gone. */
function processFile(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
