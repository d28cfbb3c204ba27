/** The Debian packages that only tests need. */
import { delimiter } from "node:path";
import { which } from "../../lib/process.ts";

/** Programs that tests run, and their packages. */
const PACKAGES = {
  // A browser.
  chromium: "chromium",
  // A registry, and what pushes to it.
  "docker-registry": "docker-registry",
  skopeo: "skopeo",
  // Another docker host on this machine: a network of its own, an engine, and its firewall.
  ip: "iproute2",
  dockerd: "docker.io",
  iptables: "iptables",
  // The connections to it: certificates for TLS, a server for ssh.
  openssl: "openssl",
  sshd: "openssh-server",
  // What installs zizmor.
  pip3: "python3-pip",
};

/** Debian's folders of servers, which are not on users' PATH. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/**
 * Packages of programs that are not here yet.
 *
 * @param folders The folders to look in. Default: PATH, and Debian's folders of servers.
 */
export function testPackages(
  folders: string[] = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS],
): string[] {
  return Object.entries(PACKAGES)
    .filter(([program]) => which(program, folders.join(delimiter)) === undefined)
    .map(([, name]) => name);
}
