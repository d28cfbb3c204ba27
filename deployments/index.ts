/** Pulumi Cloud's deployment settings of each stack, as docs/deployments.md describes them. */
import { DeploymentSettings } from "@pulumi/pulumiservice";
import { heldConfig, inSentences } from "../components/readConfig.ts";
import { loadDeployments } from "./config.ts";
import { deploymentSettings } from "./settings.ts";

const config = await inSentences(() => loadDeployments(heldConfig()));

for (const stack of Object.keys(config.stacks))
  new DeploymentSettings(stack, deploymentSettings(config, stack));

/** The stacks whose deployments are set here, as Pulumi Cloud names them. */
export const stacks = Object.keys(config.stacks).map((stack) => `${config.organization}/agatha/${stack}`);
