/** Pulumi Cloud's deployment settings of each stack, as docs/deployments.md describes them. */
import * as pulumi from "@pulumi/pulumi";
import { heldConfig, inSentences } from "../lib/config/fromPulumi.ts";
import { loadDeployments } from "./config.ts";
import { deploymentSettings } from "./settings.ts";

const config = await inSentences(() => loadDeployments(heldConfig()));

/**
 * What the npm package @pulumi/pulumiservice has under this name. With that package, each preview and update of the
 * stacks would ask for its plugin too: Pulumi's language host walks every node_modules below a project.
 */
class DeploymentSettings extends pulumi.CustomResource {}

const TYPE = "pulumiservice:index:DeploymentSettings";
for (const stack of Object.keys(config.stacks))
  new DeploymentSettings(TYPE, stack, deploymentSettings(config, stack), { version: "1.3.0" });

/** The stacks whose deployments are set here, as Pulumi Cloud names them. */
export const stacks = Object.keys(config.stacks).map((stack) => `${config.organization}/agatha/${stack}`);
