import { expect, it } from "vitest";
import { run } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";

it("gives standard output by itself, whatever the program warns of meanwhile", async () => {
  const script = 'console.error("before"); console.log("[1]"); console.error("after"); process.exitCode = 3;';
  const { code, output, stdout } = await run(process.execPath, ["-e", script]);
  expect([code, stdout]).toEqual([3, "[1]\n"]);
  for (const word of ["before", "[1]", "after"]) expect(output).toContain(word);
});

it("refuses a program that is absent, unless it may be: then that is code 127", async () => {
  const why =
    "agatha-no-such-program: is not on PATH. Run `npm run doctor`, or `. scripts/env.sh` before pulumi.";
  await expect(run("agatha-no-such-program", [])).rejects.toThrow(new UserError(why));
  const absent = await run("agatha-no-such-program", [], { optional: true });
  expect(absent).toEqual({ code: 127, stdout: "", stderr: why, output: why });
});

it("a character that comes in two chunks is one", async () => {
  const halves =
    "process.stdout.write(Buffer.of(0xc3)); setTimeout(() => process.stdout.write(Buffer.of(0xb6)), 100)";
  expect(await run(process.execPath, ["-e", halves])).toMatchObject({ code: 0, output: "ö", stdout: "ö" });
});
