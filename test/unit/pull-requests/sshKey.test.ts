import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeKey } from "../../../lib/pull-requests/sshKey.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "agatha-home-"));
});
afterEach(() => rmSync(home, { recursive: true }));

// Put together here, so that nobody's scanner takes it for one.
const KEY = `-----BEGIN OPENSSH ${"PRIVATE"} KEY-----\nbm9uZQ==\n-----END OPENSSH ${"PRIVATE"} KEY-----`;
const read = (name: string) => readFileSync(join(home, ".ssh", name), "utf8");

describe("a docker host's key", () => {
  it("is readable only by its owner, ends in a line break, and is the one that ssh uses", () => {
    expect(takeKey({ SSH_KEY: KEY, SSH_KNOWN_HOSTS: "host ssh-ed25519 AAAA\n" }, home)).not.toContain(
      "bm9uZQ",
    );
    expect(read("agatha-docker-host")).toBe(`${KEY}\n`);
    expect(read("known_hosts")).toBe("host ssh-ed25519 AAAA\n");
    expect(read("config")).toBe(`Match all\n  IdentityFile ${join(home, ".ssh", "agatha-docker-host")}\n`);
    for (const name of ["agatha-docker-host", "config", "known_hosts"])
      expect(statSync(join(home, ".ssh", name)).mode & 0o777, name).toBe(0o600);
  });

  it("is added to what is there, and only once", () => {
    mkdirSync(join(home, ".ssh"));
    writeFileSync(join(home, ".ssh", "config"), "Host x\n  User y");
    const env = { SSH_KEY: KEY, SSH_KNOWN_HOSTS: "host ssh-ed25519 AAAA" };
    takeKey(env, home);
    takeKey(env, home);
    expect(read("config")).toMatch(/^Host x\n {2}User y\nMatch all\n {2}IdentityFile \S+\n$/);
    expect(read("known_hosts")).toBe("host ssh-ed25519 AAAA\n");
  });

  it("may be absent, for a host that needs none", () => {
    expect(takeKey({ SSH_KEY: "" }, home)).toMatch(/^no key is given/);
  });

  it("is refused without the host's own keys, and if it is not a key; it is never shown", () => {
    expect(() => takeKey({ SSH_KEY: KEY }, home)).toThrow(/^SSH_KNOWN_HOSTS: is not set/);
    expect(() => takeKey({ SSH_KEY: "geheim", SSH_KNOWN_HOSTS: "x" }, home)).toThrow(
      /^SSH_KEY: the value \(not shown\) is not a private key/,
    );
  });
});
