/** `npm run preview`: what `npm run up` would change, why, what is away meanwhile; `-- --diff` adds Pulumi's own diff. */
import { main, run, Stop } from "./lib/exec.ts";
import { explain, type PreviewStep } from "./lib/explain.ts";
import { ensureStack, environment, pulumi, stackArguments } from "./lib/stack.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const { stack, rest, flags } = stackArguments(process.argv.slice(2), ["diff"]);
  await setup({ sample: true });
  const env = await environment();
  await ensureStack(stack, env);
  const { code, output } = await run("pulumi", ["preview", "--json", "--stack", stack, ...rest], { env });
  if (code !== 0) throw new Stop(errorsOf(output));
  const { steps } = parse(output);
  process.stdout.write(`\n${explain(stack, steps ?? [])}`);
  return flags["diff"] ? pulumi(stack, ["preview", "--diff", ...rest], env) : 0;
});

interface Preview {
  steps?: PreviewStep[];
  diagnostics?: { severity: string; message: string }[];
}

/** Warnings may come before the JSON. */
function parse(output: string): Preview {
  return JSON.parse(output.slice(output.indexOf("{"))) as Preview;
}

function errorsOf(output: string): string {
  try {
    const errors = (parse(output).diagnostics ?? []).filter(({ severity }) => severity === "error");
    return errors.map(({ message }) => message.trim()).join("\n") || output.trim();
  } catch {
    return output.trim();
  }
}
