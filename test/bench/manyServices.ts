/**
 * The bench's program for scaling: as many services as `bench:services` says, made of the product's own components,
 * with everything that the product's program does before its first resource. Each is the front under another name.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { NixImage } from "../../components/NixImage.ts";
import type { ServiceSpec } from "../../components/serviceSpec.ts";
import { frontService } from "../../components/services.ts";
import { targetOf } from "../../components/targets.ts";
import { inSentences, readConfig } from "../../lib/config/fromPulumi.ts";
import { publishedUrls } from "../../lib/config/placeholders.ts";
import { resolveDockerHost } from "../../lib/docker/host.ts";
import { hostName, labels } from "../../lib/docker/names.ts";
import { machineSystem } from "../../lib/docker/system.ts";
import { applicationOf, planImages } from "../../lib/images/evaluate.ts";
import { imageRef } from "../../lib/images/plan.ts";
import { probeImages } from "../../lib/images/presence.ts";
import type { RollingName } from "../../lib/serviceNames.ts";

const config = await inSentences(readConfig);
const host = await inSentences(() => resolveDockerHost(config.dockerHost));
const meta = await inSentences(() => planImages(config));
const presence = await probeImages(Object.values(meta).map(imageRef), host);
const opts = { provider: new docker.Provider("docker", {}) };
const target = targetOf(config);
const network = new docker.Network(
  "network",
  { name: hostName("network"), labels: labels("network"), ...target.network },
  opts,
);
// Nothing takes over: there is no gateway.
const gate = { step: config.target === "swarm" ? "await-tasks" : "await-healthy", environment: {} };

const count = new pulumi.Config("bench").requireNumber("services");
for (let number = 1; number <= count; number++) {
  const name = `front-${number}`;
  const image = new NixImage(
    `${name}-image`,
    {
      // Its own tag as its alias: the alias for people stays.
      meta: { ...meta.front, alias: meta.front.tag },
      presence: presence.get(imageRef(meta.front)) ?? "unknown",
      packages: config.packages,
      system: machineSystem(),
      application: applicationOf(config).front,
    },
    opts,
  );
  const service = {
    ...frontService(config, target.imageOf(image), publishedUrls(config, host)),
    // The type knows the product's own.
    service: name as ServiceSpec["service"],
    hostname: `agatha-${name}`,
  };
  const args = { service, ref: image.ref, network: network.name, follows: { network: network.id }, gate };
  target.rolling(name as RollingName, args, opts);
}
