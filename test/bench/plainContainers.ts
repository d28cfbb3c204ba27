/**
 * The bench's plain program: the network, the volumes and the containers that `bench:plain` describes, as anybody would
 * write them with Pulumi's docker provider.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { PlainResources } from "./plain.ts";

const { networks, volumes, containers } = new pulumi.Config("bench").requireObject<PlainResources>("plain");

const dependsOn = [
  ...Object.entries(networks).map(([name, args]) => new docker.Network(name, args)),
  ...Object.entries(volumes).map(([name, args]) => new docker.Volume(name, args)),
];
for (const [name, args] of Object.entries(containers)) new docker.Container(name, args, { dependsOn });
