/** `npm run images`: what is in the stack's images and what differs from what is deployed, a page, and inventories. */
import { mkdirSync, writeFileSync } from "node:fs";
import { command } from "../lib/cli/command.ts";
import { page } from "../lib/images/report/page.ts";
import { inventory } from "../lib/images/report/sbom.ts";
import { buildImages, describe, survey } from "../lib/images/report/survey.ts";
import { readStackConfig, readStackFile } from "../lib/stacks/file.ts";
import { environment, hostVariable } from "../lib/stacks/stack.ts";
import { needsOf, setup } from "../setup/setup.ts";

const FOLDER = ".state/images";

await command("images", async ({ stack, file }) => {
  Object.assign(process.env, hostVariable(file));
  await setup(needsOf(readStackFile(file)));
  // Nix is asked by the same code as in the program, which takes its environment as it is.
  Object.assign(process.env, await environment(stack, file));
  const config = readStackConfig(stack, file, process.env["AGATHA_PACKAGES"]);
  mkdirSync(FOLDER, { recursive: true });
  const surveys = [];
  for (const [service, ref] of await buildImages(config, FOLDER)) {
    const surveyed = await survey(service, ref, FOLDER, stack);
    const { attribute, image, groups, software } = surveyed;
    const json = JSON.stringify(inventory(image, groups, software), null, 2);
    writeFileSync(`${FOLDER}/${attribute}.cdx.json`, `${json}\n`);
    process.stdout.write(`\n${describe(surveyed)}`);
    surveys.push(surveyed);
  }
  writeFileSync(`${FOLDER}/index.html`, page(stack, surveys));
  process.stdout.write(`\nWhere the bytes go: ${FOLDER}/index.html, in any browser.\n`);
  return 0;
});
