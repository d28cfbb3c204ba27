/** Errors of docker's client that are the docker host's, or the connection's: as messages with the fix. */

/**
 * What the client prints, and the message for it; a second message is for a daemon of this machine. The first that matches
 * counts. In the messages, `{host}` is the host's address, `{ssh}` the arguments of ssh for it, `{why}` what was said.
 */
type Sentence = [RegExp, string, string?];

/** What the client prints if it did not get as far as the daemon. */
const NOT_CONNECTED =
  /error during connect|cannot connect to the docker daemon|is the docker daemon running|while trying to connect|timed out after|http request to an https server|permission denied .*dial unix|dial unix .*permission denied/i;

/** A transfer that the host's disk or the connection ended. */
const TRANSFER: Sentence[] = [
  [
    /no space left on device/i,
    "{host} has no space left on its disk. Free some (`docker system df` shows what takes it), then run up again.",
  ],
  [
    /unexpected eof|connection reset|broken pipe|error during connect|exit status 255|use of closed/i,
    "the connection to {host} was lost. Run up again: no partial data is left, and what arrived is not sent again.",
  ],
];

/** A connection that fails. */
const CONNECTION: Sentence[] = [
  [
    /permission denied \([\w,-]+\)/i,
    "{host} refuses this user's ssh key. Add the key to the host's authorized_keys, or name another in ~/.ssh/config: `ssh {ssh} docker version` has to work.",
  ],
  [
    /host key verification failed|remote host identification has changed/i,
    "{host} shows a host key that ssh does not know. Compare its fingerprint, then accept it by `ssh {ssh}`.",
  ],
  [
    /permission denied while trying to connect|dial unix .*permission denied/i,
    "the user of {host} may not use its docker daemon. Add it to the group docker there: `sudo usermod -aG docker USER`.",
    "this user may not use the docker daemon at {host}. Join the group that owns the socket (usually docker), or set agatha:dockerHost.",
  ],
  [
    /docker: (command )?not found|exit status 127/i,
    "{host} has no docker client on PATH. Install docker there.",
  ],
  [
    /x509:|tls: |http response to https client|http request to an https server|malformed http response/i,
    "{host} and this client do not agree on TLS: {why} Give ca.pem, cert.pem and key.pem by DOCKER_CERT_PATH, and DOCKER_TLS_VERIFY=1.",
  ],
  [
    /could not resolve hostname|no such host|connection refused|timed out|i\/o timeout|no route to host|network is unreachable|connection closed by remote host|kex_exchange|deadline exceeded/i,
    "{host} cannot be reached: {why} Check the host and its network, or set agatha:dockerHost.",
  ],
  [
    /cannot connect to the docker daemon|is the docker daemon running/i,
    "Cannot connect to the Docker daemon at {host}. Start the daemon there, or set agatha:dockerHost.",
    "Cannot connect to the Docker daemon at {host}. Start the daemon (`npm run doctor` says how), or set agatha:dockerHost.",
  ],
];

/** Versions of client and daemon that do not fit. */
const VERSIONS: Sentence[] = [
  [
    /client version \S+ is too old/i,
    "this machine's docker client is too old for the engine at {host}: {why} Install docker 25 or newer here, or set \"min-api-version\" in that engine's daemon.json to what the client speaks.",
  ],
  [
    /client version \S+ is too new|API version \S+ is not supported by this client/i,
    "the engine at {host} is too old for this machine's docker client: {why} Install docker 25 or newer there, or an older client here; if DOCKER_API_VERSION is set, unset it.",
  ],
];

/**
 * The message for a failure of the docker host or of the connection to it. Undefined for any other failure: docker's client
 * also repeats errors of registries and of programs in containers, which may look alike.
 *
 * @param words What docker's client printed on standard error.
 * @param host The host's address. Default: the one in `words`.
 * @param transfer Whether something was being sent.
 */
export function hostSentence(words: string, host?: string, transfer = false): string | undefined {
  const address =
    host ?? /daemon (?:socket )?at (\w+:\/\/\S+?)[.:]?(?:\s|$)/.exec(words)?.[1] ?? "the docker host";
  const sentences = [
    ...VERSIONS,
    ...(NOT_CONNECTED.test(words) ? CONNECTION : []),
    ...(transfer ? TRANSFER : []),
  ];
  const [, remote, local = remote] = sentences.find(([pattern]) => pattern.test(words)) ?? [];
  const message = address.startsWith("unix://") ? local : remote;
  const values: Record<string, string> = { host: address, ssh: sshTarget(address), why: reason(words) };
  return message && `docker: ${message.replace(/{(\w+)}/g, (_, name: string) => values[name] ?? "")}`;
}

/** The part that says why: what ssh printed, or what follows the last address. */
function reason(words: string): string {
  const lines = words.split(/\r?\n/).map((line) => line.trim());
  const line = lines.findLast((entry) => entry !== "") ?? "";
  const said =
    /stderr=(?:ssh: )?(.*)$/.exec(line)?.[1] ??
    line.replace(/^.*(?=dial |x509: |tls: |remote error|client version )/, "");
  return `${said.replace(/[.\s]+$/, "")}.`;
}

/** `ssh://user@host:2222` as arguments of `ssh`. */
function sshTarget(host: string): string {
  const [, target = host, port] = /^ssh:\/\/([^/]*?)(?::(\d+))?(?:\/.*)?$/.exec(host) ?? [];
  return port === undefined ? target : `-p ${port} ${target}`;
}
