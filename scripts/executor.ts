/**
 * `npm run executor [-- --push NAME]`: builds the image that deployments run in and loads it into docker; with --push
 * sends it to a registry too. Ends with what `executorImage` is to be.
 */

import { buildExecutor, executorPackages, loadExecutor, pushExecutor } from "../deployments/executor.ts";
import { command } from "../lib/cli/command.ts";
import { report } from "../lib/report.ts";
import { environment } from "../lib/stacks/stack.ts";
import { choosePackages } from "../setup/nix.ts";
import { setup } from "../setup/setup.ts";

await command("executor", async ({ options: { push: name } }) => {
  await setup({ packages: (await choosePackages()) === "debian" ? executorPackages() : [] });
  // The programs are run as in a stack's steps, which take the environment as it is.
  Object.assign(process.env, await environment());
  const packages = process.env["AGATHA_PACKAGES"] ?? "nixpkgs";
  let told = "";
  await report("executor", async (step) => {
    step.note("building");
    const image = await buildExecutor(packages, ".state/executor", process.env);
    told = image.ref;
    step.note("loading");
    return `${told}, ${await loadExecutor(image, packages)}`;
  });
  if (name !== undefined)
    await report("registry", async () => {
      told = await pushExecutor(told, name);
      return "pushed";
    });
  process.stdout.write(`\nexecutorImage: ${told}\n`);
  return 0;
});
