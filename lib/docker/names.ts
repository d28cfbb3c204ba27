/** Names and labels of what a stack makes on a docker host. Stacks on one host do not collide. */
import * as pulumi from "@pulumi/pulumi";
import { SERVICE_LABEL, STACK_LABEL } from "./arguments.ts";

/** The name of a container, network or volume of this stack: `agatha-dev-db`. */
export const hostName = (part: string): string => `${pulumi.getProject()}-${pulumi.getStack()}-${part}`;

/** The labels of everything that the stack makes. */
export const labels = (service: string): { label: string; value: string }[] => [
  { label: SERVICE_LABEL, value: service },
  { label: STACK_LABEL, value: pulumi.getStack() },
];
