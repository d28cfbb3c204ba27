import { expect, it } from "vitest";
import { run } from "../../lib/exec.ts";

it("gives standard output by itself, whatever the program warns of meanwhile", async () => {
  const script = 'console.error("before"); console.log("[1]"); console.error("after"); process.exitCode = 3;';
  const { code, output, stdout } = await run(process.execPath, ["-e", script]);
  expect([code, stdout]).toEqual([3, "[1]\n"]);
  for (const word of ["before", "[1]", "after"]) expect(output).toContain(word);
});

it("gives 127 and no output of its own for a program that is absent", async () => {
  expect(await run("agatha-no-such-program", [])).toEqual({
    code: 127,
    output: expect.stringContaining("agatha-no-such-program: "),
    stdout: "",
  });
});

it("a character that comes in two chunks is one", async () => {
  const halves =
    "process.stdout.write(Buffer.of(0xc3)); setTimeout(() => process.stdout.write(Buffer.of(0xb6)), 100)";
  expect(await run(process.execPath, ["-e", halves])).toEqual({ code: 0, output: "ö", stdout: "ö" });
});
