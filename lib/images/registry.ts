/** The registry that images go through on their way to the docker host: names, login, and messages for its errors. */
import { hostSentence } from "../docker/errors.ts";

/** `agatha:registry` without the password. */
export interface Registry {
  /** `host` or `host:port`, as this machine and the docker host both reach it. */
  address: string;
  /** The path before the image's name: `team/agatha`. */
  repository: string;
  /** The login's name; undefined if there is no login. */
  username?: string | undefined;
  /** Whether to connect without TLS. */
  insecure: boolean;
}

/** Where an image is in the registry. @param name With or without its tag. */
export const repositoryOf = (registry: Registry, name: string): string =>
  [registry.address, registry.repository, name].filter((part) => part !== "").join("/");

/** The content of the file that docker's client and skopeo log in with. */
export function authFile(registry: Registry, password: string): string {
  const { username } = registry;
  if (username === undefined) return JSON.stringify({ auths: {} });
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [registry.address]: { auth } } });
}

/**
 * @param who The client: `this machine` or `the docker host`.
 * @param words What the client printed on standard error.
 */
export function registryError(registry: Registry, who: string, words: string): string {
  const { address, username } = registry;
  const [, quoted] = /msg="((?:[^"\\]|\\.)*)"/.exec(words) ?? [];
  const reason = (quoted ?? words.trim().split("\n").at(-1) ?? "")
    .replace(/\\"/g, '"')
    .replace(/[.\s]+$/, "");
  const said = (what: string, fix: string) => `agatha:registry: "${address}" ${what}. ${fix}.`;
  if (/http response to https client|first record does not look like a tls/i.test(words)) {
    const local = "Set registry.insecure to true";
    const remote = "Name it among the insecure-registries of the docker host's daemon.json";
    const fix = who === "this machine" ? local : remote;
    return said(`speaks no TLS to ${who}`, `${fix}, if the way there is safe`);
  }
  if (/unknown authority|not trusted|self[- ]signed/i.test(words))
    return said(
      `shows a certificate that ${who} does not trust`,
      `Put the certificate of its CA into /etc/docker/certs.d/${address}/ca.crt on ${who}`,
    );
  if (/unauthorized|authentication required|invalid username\/password/i.test(words))
    return username === undefined
      ? said("wants a login", "Set registry.username, and registry.password as a secret")
      : said(
          `refuses user "${username}" or the password`,
          "Set it: `pulumi config set --secret --path agatha:registry.password`",
        );
  if (/denied|forbidden/i.test(words))
    return said(
      `does not let ${username ?? "everybody"} write or read there: ${reason}`,
      "Grant the rights there, or choose another registry.repository",
    );
  if (/connection refused|no such host|timeout|timed out|no route to host|unreachable/i.test(words))
    return said(`cannot be reached from ${who}: ${reason}`, "Check that it runs, or set registry.address");
  if (/\beof\b|connection reset|broken pipe|use of closed|server closed/i.test(words))
    return said(
      `lost its connection to ${who}`,
      "Run up again: no partial data is left, and blobs that arrived are not sent again",
    );
  return said(`failed for ${who}: ${reason}`, "Fix what it names, then run up again");
}

/** The message for a failed pull by the docker host: the host's error or the connection's to it, else the registry's. */
export function pullError(registry: Registry, host: string, words: string): string {
  const ofHost = /no space left on device|error during connect|exit status 255/i.test(words);
  return hostSentence(words, host, ofHost) ?? registryError(registry, "the docker host", words);
}
