/** The Debian packages that only tests need. */

import { delimiter } from "node:path";
import { which } from "../../lib/process.ts";

/** A program that tests run, to the package it is in. */
const PACKAGES = {
  // A browser.
  chromium: "chromium",
  // A registry, and what pushes to it.
  "docker-registry": "docker-registry",
  skopeo: "skopeo",
  // Another docker host on this machine: a network of its own, an engine, and what that one shapes its networks by.
  ip: "iproute2",
  dockerd: "docker.io",
  iptables: "iptables",
  // The ways there: certificates for TLS, a server for ssh.
  openssl: "openssl",
  sshd: "openssh-server",
  // What installs zizmor.
  pip3: "python3-pip",
};

/** Where Debian has servers, which is on no user's PATH. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/**
 * Packages of programs that are not here yet.
 *
 * @param folders Where to look. Default: PATH, and where Debian has servers.
 */
export function testPackages(
  folders: string[] = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS],
): string[] {
  return Object.entries(PACKAGES)
    .filter(([program]) => which(program, folders.join(delimiter)) === undefined)
    .map(([, name]) => name);
}
