/** A place on another host, as configuration names it: `ssh://user@host[:port]/path`. */
export interface SshPlace {
  /** `user@host`. */
  login: string;
  port: string | undefined;
  /** Absolute. */
  path: string;
}

/** No password in it, and nothing that ssh could take for an option. */
const SSH_URL =
  /^ssh:\/\/([A-Za-z_][\w.-]*@(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:.]+\]))(?::(\d{1,5}))?(\/[^\0\r\n]*)$/;

/** @returns Undefined if the text is not such a URL. */
export function sshPlace(url: string): SshPlace | undefined {
  const [, login, port, path] = SSH_URL.exec(url) ?? [];
  if (login === undefined || path === undefined) return undefined;
  return { login: login.replace(/@\[(.*)\]$/, "@$1"), port, path: path.replace(/(?<=.)\/+$/, "") };
}
