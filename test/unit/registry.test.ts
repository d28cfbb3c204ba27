import { expect, it } from "vitest";
import { authFile, type Registry, registryError, repositoryOf } from "../../components/registry.ts";

const registry: Registry = {
  address: "host:5000",
  repository: "team/agatha",
  username: "me",
  insecure: false,
};

it("an image lies below the repository", () => {
  expect(repositoryOf(registry, "agatha-back-image")).toBe("host:5000/team/agatha/agatha-back-image");
});

it("the login is docker's own form", () => {
  const auth = Buffer.from("me:p:w").toString("base64");
  expect(JSON.parse(authFile(registry, "p:w"))).toEqual({ auths: { "host:5000": { auth } } });
  expect(JSON.parse(authFile({ ...registry, username: undefined }, ""))).toEqual({ auths: {} });
});

it.each([
  [
    "this machine",
    'time="2026-11-25T00:00:00Z" level=fatal msg="pinging container registry host:5000: Get \\"https://host:5000/v2/\\": dial tcp 10.0.0.1:5000: connect: connection refused"',
    'agatha:registry: "host:5000" cannot be reached from this machine: pinging container registry host:5000: Get "https://host:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused. See that it runs, or set registry.address.',
  ],
  [
    "the docker host",
    'Error response from daemon: Get "https://host:5000/v2/": http: server gave HTTP response to HTTPS client',
    'agatha:registry: "host:5000" speaks no TLS to the docker host. Name it among the insecure-registries of the docker host\'s daemon.json, if the way there is safe.',
  ],
  [
    "the docker host",
    'Error response from daemon: Get "https://host:5000/v2/": x509: certificate signed by unknown authority',
    'agatha:registry: "host:5000" shows a certificate that the docker host does not trust. Let the machine trust its CA.',
  ],
  [
    "this machine",
    "denied: requested access to the resource is denied",
    'agatha:registry: "host:5000" does not let me write or read there: denied: requested access to the resource is denied. See to the rights there, or choose another registry.repository.',
  ],
  [
    "this machine",
    "received unexpected HTTP status: 500 Internal Server Error",
    'agatha:registry: "host:5000" failed for this machine: received unexpected HTTP status: 500 Internal Server Error. Mend what it names, then run up again.',
  ],
])("to %s: %s", (who, words, sentence) => {
  expect(registryError(registry, who, words)).toBe(sentence);
});
