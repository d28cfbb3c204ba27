import { describe, expect, it } from "vitest";
import { hostSentence } from "../../../lib/docker/errors.ts";

const HOST = "ssh://deploy@host:2222";

/** What docker 28 prints where ssh fails. */
const ssh = (stderr: string) =>
  `error during connect: Get "http://docker.example.com/v1.50/info": command [ssh -o ConnectTimeout=30 -T -l deploy -p 2222 -- host docker system dial-stdio] has exited with exit status 255, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=${stderr}\r\n`;

describe("a docker host that fails", () => {
  it.each([
    [
      ssh("deploy@host: Permission denied (publickey,keyboard-interactive)."),
      `docker: ${HOST} refuses this user's ssh key. Add the key to the host's authorized_keys, or name another in ~/.ssh/config: \`ssh -p 2222 deploy@host docker version\` has to work.`,
    ],
    [
      ssh("Host key verification failed."),
      `docker: ${HOST} shows a host key that ssh does not know. Compare its fingerprint, then accept it by \`ssh -p 2222 deploy@host\`.`,
    ],
    [
      ssh("ssh: Could not resolve hostname host: Name or service not known"),
      `docker: ${HOST} cannot be reached: Could not resolve hostname host: Name or service not known. Check the host and its network, or set agatha:dockerHost.`,
    ],
    [
      ssh("ssh: connect to host host port 2222: Connection refused"),
      `docker: ${HOST} cannot be reached: connect to host host port 2222: Connection refused. Check`,
    ],
    [ssh("sh: 1: docker: not found"), `docker: ${HOST} has no docker client on PATH.`],
    ["timed out after 60 s", `docker: ${HOST} cannot be reached: timed out after 60 s. Check`],
    [
      "Cannot connect to the Docker daemon at http://docker.example.com. Is the docker daemon running?\n",
      `docker: Cannot connect to the Docker daemon at ${HOST}. Start the daemon there`,
    ],
    [
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
      `docker: the user of ${HOST} may not use its docker daemon.`,
    ],
    [
      'error during connect: Get "https://host:2376/v1.50/info": x509: certificate signed by unknown authority\n',
      `docker: ${HOST} and this client do not agree on TLS: x509: certificate signed by unknown authority. Give`,
    ],
  ])("%s", (words, sentence) => {
    expect(hostSentence(words, HOST)?.slice(0, sentence.length)).toBe(sentence);
  });
});

// What engines 25 to 29 print (moby, daemon/server/middleware/version.go), and client 29 (moby, client/client.go).
it.each([
  [
    "\nError response from daemon: client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version\n",
    `docker: this machine's docker client is too old for the engine at ${HOST}: client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version. Install docker 25 or newer here, or set "min-api-version" in that engine's daemon.json to what the client speaks.`,
  ],
  [
    "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.41",
    `docker: the engine at ${HOST} is too old for this machine's docker client: client version 1.52 is too new. Maximum supported API version is 1.41. Install docker 25 or newer there, or an older client here; if DOCKER_API_VERSION is set, unset it.`,
  ],
  [
    "API version 1.41 is not supported by this client: the minimum supported API version is 1.44",
    `docker: the engine at ${HOST} is too old for this machine's docker client: API version 1.41 is not supported by this client: the minimum supported API version is 1.44. Install docker 25`,
  ],
])("an engine and a client too far apart: %s", (words, sentence) => {
  expect(hostSentence(words, HOST)?.slice(0, sentence.length)).toBe(sentence);
});

it("the default address is the one in docker's message", () => {
  const words =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
  expect(hostSentence(words)).toBe(
    "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Start the daemon (`npm run doctor` says how), or set agatha:dockerHost.",
  );
});

it("a transfer fails by a full disk or a lost connection", () => {
  const full = "write /usr/lib/x: no space left on device";
  expect(hostSentence(full, HOST, true)).toMatch(/^docker: ssh:.* has no space left on its disk\. Free some/);
  expect(hostSentence(full, HOST)).toBeUndefined();
  expect(hostSentence(ssh("Connection to host closed by remote host."), HOST, true)).toMatch(
    /was lost\. Run up/,
  );
  expect(hostSentence("unexpected EOF", HOST, true)).toMatch(
    /the connection to ssh:.* was lost\. Run up again/,
  );
});

it.each([
  "Error response from daemon: Get https://registry/v2/: dial tcp 10.0.0.1:443: connect: connection refused",
  "psql: error: connection to server on socket failed: Connection refused",
  "Error response from daemon: Conflict. The container name is already in use",
])("an error of a daemon or a program in a container is not the host's: %s", (words) => {
  expect(hostSentence(words, HOST)).toBeUndefined();
});
