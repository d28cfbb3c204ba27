/** `npm run executor`: builds, loads and pushes the image that deployments run in. The last line is for `executorImage`. */
import { buildExecutor, executorPackages, loadExecutor, pushExecutor } from "../deployments/executor.ts";
import { command } from "../lib/cli/command.ts";
import { report } from "../lib/progress.ts";
import { environment } from "../lib/stacks/stack.ts";
import { choosePackages } from "../setup/nix.ts";
import { setup } from "../setup/setup.ts";

await command("executor", async ({ options: { push } }) => {
  await setup({ packages: (await choosePackages()) === "debian" ? executorPackages() : [] });
  // Programs get the environment as it is, as in a stack's steps.
  Object.assign(process.env, await environment());
  const packages = process.env["AGATHA_PACKAGES"] ?? "nixpkgs";
  let name = "";
  await report("executor", async (step) => {
    step.note("building");
    const image = await buildExecutor(packages, ".state/executor", process.env);
    name = image.ref;
    step.note("loading");
    return `${name}, ${await loadExecutor(image, packages)}`;
  });
  if (push !== undefined)
    await report("registry", async () => {
      name = await pushExecutor(name, push);
      return "pushed";
    });
  process.stdout.write(`\nexecutorImage: ${name}\n`);
  return 0;
});
