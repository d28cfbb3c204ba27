/** Names of what a stack makes on a docker host, so that stacks live side by side. */
import * as pulumi from "@pulumi/pulumi";

/** `agatha-dev-db`: names a container, network or volume of this stack. */
export const hostName = (part: string): string => `${pulumi.getProject()}-${pulumi.getStack()}-${part}`;

/** The labels that everything on the host carries. */
export const labels = (service: string): { label: string; value: string }[] => [
  { label: "agatha.service", value: service },
  { label: "agatha.stack", value: pulumi.getStack() },
];
