import { expect, it } from "vitest";
import { pipe, run, runHere } from "../../../lib/process.ts";
import { UserError } from "../../../lib/userError.ts";

it("separates standard output from warnings", async () => {
  const script = 'console.error("before"); console.log("[1]"); console.error("after"); process.exitCode = 3;';
  const { code, output, stdout } = await run(process.execPath, ["-e", script]);
  expect([code, stdout]).toEqual([3, "[1]\n"]);
  for (const word of ["before", "[1]", "after"]) expect(output).toContain(word);
});

it("refuses a missing program, unless it is optional, which gives code 127", async () => {
  const why =
    "agatha-no-such-program: is not on PATH. Run `npm run doctor`, or `. scripts/env.sh` before pulumi.";
  await expect(run("agatha-no-such-program", [])).rejects.toThrow(new UserError(why));
  const absent = await run("agatha-no-such-program", [], { optional: true });
  expect(absent).toEqual({ code: 127, stdout: "", stderr: why, output: why });
});

it.each([
  ["may not be run", `${import.meta.dirname}/process.test.ts`, [], "EACCES"],
  ["gets too much", "true", ["x".repeat(200_000)], "E2BIG"],
])("refuses a program that %s as one that is missing", async (_, program, args, code) => {
  const message = expect.stringMatching(RegExp(`^${program}: spawn .*${code}$`)) as string;
  await expect(run(program, args)).rejects.toThrow(UserError);
  expect(await run(program, args, { optional: true })).toMatchObject({ code: 127, stderr: message });
  await expect(runHere(program, args)).rejects.toThrow(UserError);
  await expect(pipe(["echo", ["x"]], [program, args])).rejects.toThrow(UserError);
  await expect(pipe([program, args], ["cat", []])).rejects.toThrow(UserError);
});

it("names a working directory that is missing", async () => {
  await expect(run("true", [], { cwd: "/no/such" })).rejects.toThrow(
    new UserError("true: cannot run in /no/such, which does not exist."),
  );
});

it("a character that comes in two chunks is read as one", async () => {
  const halves =
    "process.stdout.write(Buffer.of(0xc3)); setTimeout(() => process.stdout.write(Buffer.of(0xb6)), 100)";
  expect(await run(process.execPath, ["-e", halves])).toMatchObject({ code: 0, output: "ö", stdout: "ö" });
});

// Docker's client starts ssh, which may hold its output open after its end.
it("a time limit ends the program, and does not wait for what that started", async () => {
  const start = performance.now();
  const result = await run("sh", ["-c", "echo begun; sleep 20 & wait"], { timeout: 300 });
  expect(result).toMatchObject({ code: null, timedOut: true, stdout: "begun\n" });
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(await run("true", [], { timeout: 10_000 })).toMatchObject({ code: 0, timedOut: false });
});
