/** How a step ends: by itself, and when nobody is left who waits for it. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

// It starts programs, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let started: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-step-"));
});
afterEach(() => {
  started?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** A step that waits for a program for half a minute, then tidies up; `end` says what it saw of that program. */
function waitingStep(program: string): string {
  writeFileSync(join(folder, "program"), `#!/bin/sh\n${program}\n`);
  chmodSync(join(folder, "program"), 0o755);
  writeFileSync(
    join(folder, "step.ts"),
    `import { writeFileSync } from "node:fs";
     import { run, stopIfInterrupted } from ${JSON.stringify(resolve("lib/process.ts"))};
     import { step } from ${JSON.stringify(resolve("steps/step.ts"))};
     await step(async () => {
       const { code } = await run("./program", []);
       try {
         stopIfInterrupted();
       } finally {
         await run("true", []);
         writeFileSync("end", String(code));
       }
     });`,
  );
  return `${process.execPath} step.ts`;
}

/** Runs a command line as Pulumi's command plugin does, below a program that is called pulumi. */
function startUnderPulumi(line: string): ChildProcess {
  symlinkSync("/bin/sh", join(folder, "pulumi"));
  // Each shell stays, since it has something to do after.
  const plugin = `sh -c 'echo $$ > shell; ${line}; true'; true`;
  started = spawn(join(folder, "pulumi"), ["-c", plugin], { cwd: folder, stdio: "ignore" });
  return started;
}

const there = (name: string) =>
  vi.waitFor(() => expect(existsSync(join(folder, name))).toBe(true), { timeout: 10_000, interval: 50 });
const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();

// The plugin kills the shell alone, and waits for the step, which holds its output (pulumi-command 1.2.1).
describe("a step ends its programs and cleans up", () => {
  const waits = "touch begun; exec sleep 30";

  it("when the shell that runs it is killed", async () => {
    startUnderPulumi(waitingStep(waits));
    await there("begun");
    process.kill(Number(read("shell")), "SIGKILL");
    await there("end");
    expect(read("end")).toBe("null");
  });

  it("when the engine is killed, which leaves that shell", async () => {
    const engine = startUnderPulumi(waitingStep(waits));
    await there("begun");
    engine.kill("SIGKILL");
    await there("end");
    expect(read("end")).toBe("null");
    expect(existsSync(`/proc/${read("shell")}`)).toBe(true);
  });
});

// Where /bin/sh is bash, `sh -c "node step.ts"` becomes node: the plugin killed the step, and nothing was tidied up.
it("a step that the plugin starts without a shell cleans up too when it is killed", async () => {
  const line = waitingStep("touch begun; exec sleep 30");
  writeFileSync(
    join(folder, "pulumi-resource-command"),
    `#!/bin/bash\n${line} & echo $! >shell; wait; touch over; sleep 30\n`,
    { mode: 0o755 },
  );
  symlinkSync("/bin/sh", join(folder, "pulumi"));
  started = spawn(join(folder, "pulumi"), ["-c", "./pulumi-resource-command; true"], {
    ...{ cwd: folder, stdio: "ignore" },
  });
  await there("begun");
  process.kill(Number(read("shell")), "SIGKILL");
  await there("end");
  expect(read("end")).toBe("null");
});

it("a program that exits with 0 after a signal has no exit code: docker exec of client 20.10", async () => {
  startUnderPulumi(waitingStep("trap 'exit 0' TERM; touch begun; while :; do sleep 0.05; done"));
  await there("begun");
  process.kill(Number(read("shell")), "SIGKILL");
  await there("end");
  expect(read("end")).toBe("null");
});
