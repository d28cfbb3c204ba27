import { expect, it } from "vitest";
import {
  authFile,
  pullError,
  type Registry,
  registryError,
  repositoryOf,
} from "../../../lib/images/registry.ts";

const registry: Registry = {
  address: "host:5000",
  repository: "team/agatha",
  username: "me",
  insecure: false,
};

it("an image is below the repository", () => {
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
    'agatha:registry: "host:5000" cannot be reached from this machine: pinging container registry host:5000: Get "https://host:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused. Check that it runs, or set registry.address.',
  ],
  [
    "the docker host",
    'Error response from daemon: Get "https://host:5000/v2/": http: server gave HTTP response to HTTPS client',
    'agatha:registry: "host:5000" speaks no TLS to the docker host. Name it among the insecure-registries of the docker host\'s daemon.json, if the way there is safe.',
  ],
  [
    "the docker host",
    'Error response from daemon: Get "https://host:5000/v2/": x509: certificate signed by unknown authority',
    'agatha:registry: "host:5000" shows a certificate that the docker host does not trust. Put the certificate of its CA into /etc/docker/certs.d/host:5000/ca.crt on the docker host.',
  ],
  [
    "the docker host",
    'Error response from daemon: Get "https://host:5000/v2/": x509: certificate has expired or is not yet valid: current time 2026-11-25T00:00:00Z is after 2026-11-01T00:00:00Z',
    'agatha:registry: "host:5000" failed for the docker host: Error response from daemon: Get "https://host:5000/v2/": x509: certificate has expired or is not yet valid: current time 2026-11-25T00:00:00Z is after 2026-11-01T00:00:00Z. Fix what it names, then run up again.',
  ],
  [
    "this machine",
    "x509: certificate is valid for other.example, not host",
    'agatha:registry: "host:5000" failed for this machine: x509: certificate is valid for other.example, not host. Fix what it names, then run up again.',
  ],
  [
    "this machine",
    "denied: requested access to the resource is denied",
    'agatha:registry: "host:5000" does not let me write or read there: denied: requested access to the resource is denied. Grant the rights there, or choose another registry.repository.',
  ],
  [
    "this machine",
    'level=fatal msg="writing blob: Patch \\"http://host:5000/v2/x\\": readfrom tcp 10.0.0.2:1->10.0.0.1:5000: write: broken pipe"',
    'agatha:registry: "host:5000" lost its connection to this machine. Run up again: no partial data is left, and blobs that arrived are not sent again.',
  ],
  [
    "the docker host",
    "unexpected EOF",
    'agatha:registry: "host:5000" lost its connection to the docker host. Run up again: no partial data is left, and blobs that arrived are not sent again.',
  ],
  [
    "this machine",
    "received unexpected HTTP status: 500 Internal Server Error",
    'agatha:registry: "host:5000" failed for this machine: received unexpected HTTP status: 500 Internal Server Error. Fix what it names, then run up again.',
  ],
])("to %s: %s", (who, words, sentence) => {
  expect(registryError(registry, who, words)).toBe(sentence);
});

it.each([
  [
    "the registry's",
    'Error response from daemon: Get "http://host:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused',
    'agatha:registry: "host:5000" cannot be reached from the docker host: Error response from daemon: Get "http://host:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused. Check that it runs, or set registry.address.',
  ],
  [
    "the host's disk's",
    "failed to register layer: Error processing tar file(exit status 1): write /jar: no space left on device",
    "docker: ssh://me@there has no space left on its disk. Free some (`docker system df` shows what takes it), then run up again.",
  ],
  [
    "the way's to the host",
    'error during connect: Post "http://docker.example.com/v1.41/images/create": command [ssh -l me there docker system dial-stdio] has exited with exit status 255: stderr=ssh: connect to host there port 22: Connection refused',
    "docker: ssh://me@there cannot be reached: connect to host there port 22: Connection refused. Check the host and its network, or set agatha:dockerHost.",
  ],
  [
    "the way's to the host, in the middle",
    'error during connect: Post "http://docker.example.com/v1.41/images/create": EOF',
    "docker: the connection to ssh://me@there was lost. Run up again: no partial data is left, and what arrived is not sent again.",
  ],
])("a pull that fails is %s fault", (_, words, sentence) => {
  expect(pullError(registry, "ssh://me@there", words)).toBe(sentence);
});
