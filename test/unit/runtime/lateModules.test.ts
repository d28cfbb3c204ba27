import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { standIn } from "../../../lib/runtime/lateModules.ts";

describe("a stand-in", () => {
  it("loads nothing until it is used, and then once", () => {
    const load = vi.fn(() => ({ answer: 42 }));
    const module = standIn(load) as { answer: number; __esModule: boolean };
    expect(module.__esModule).toBe(true);
    expect(load).not.toHaveBeenCalled();
    expect([module.answer, module.answer]).toEqual([42, 42]);
    expect(load).toHaveBeenCalledOnce();
  });

  it("has what the module has", () => {
    const module = standIn(() => Object.freeze({ answer: 42 })) as Record<string, unknown>;
    expect(Object.keys(module)).toEqual(["answer"]);
    expect({ ...module }).toEqual({ answer: 42 });
    expect("answer" in module && !("question" in module)).toBe(true);
  });

  it("gives the module itself as the default of one that has none", () => {
    const module = { answer: 42 };
    expect((standIn(() => module) as { default: unknown }).default).toBe(module);
    expect((standIn(() => ({ default: 1 })) as { default: unknown }).default).toBe(1);
  });
});

/** Runs a program of its own, as modules that a test has loaded are no longer late. */
async function program(text: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)("node", ["--input-type=module", "--eval", text]);
  return JSON.parse(stdout);
}

const START = `
  import { createRequire } from "node:module";
  import { LATE } from "./lib/runtime/lateModules.ts";
  import * as pulumi from "@pulumi/pulumi";
  const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
  const loaded = () => Object.keys(sdk.cache);`;

describe("Pulumi's SDK", () => {
  it("has the modules that are loaded late, by these names", async () => {
    const files = (await program(`${START}
      console.log(JSON.stringify(LATE.map((name) => sdk.resolve(name))));`)) as string[];
    expect(files).toHaveLength(6);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  }, 60_000);

  it("loads without them, and has them when they are used", async () => {
    const [before, real, after] = (await program(`${START}
      const count = (part) => loaded().filter((file) => file.includes(part)).length;
      const before = [count("automation/localWorkspace"), count("/pacote/"), count("provider/server")];
      const real = [typeof pulumi.automation.LocalWorkspace.create, typeof pulumi.dynamic.Resource,
        typeof sdk("@npmcli/arborist").Arborist, (await pulumi.runtime.serializeFunction(() => 42)).text.includes("42")];
      const after = [count("automation/localWorkspace") > 0, count("/pacote/") > 0];
      console.log(JSON.stringify([before, real, after]));`)) as [number[], unknown[], boolean[]];
    expect(before).toEqual([0, 0, 0]);
    expect(real).toEqual(["function", "function", "function", true]);
    expect(after).toEqual([true, true]);
  }, 60_000);
});
