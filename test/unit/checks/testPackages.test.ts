import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testPackages } from "../../checks/testPackages.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-packages-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("without any program, every package is wanted", () => {
  expect(testPackages([folder])).toEqual(
    expect.arrayContaining(["chromium", "docker.io", "iproute2", "iptables", "openssh-server", "openssl"]),
  );
});

it("a program in any folder is not wanted; one that cannot be run does not count", () => {
  writeFileSync(join(folder, "ip"), "");
  writeFileSync(join(folder, "openssl"), "");
  chmodSync(join(folder, "ip"), 0o755);
  const wanted = testPackages(["/nowhere", folder]);
  expect(wanted).not.toContain("iproute2");
  expect(wanted).toContain("openssl");
});
