/**
 * A newer docker than the machine's, for tests on docker hosts of their own: `AGATHA_TEST_ENGINE=trixie npm test -- deploys`.
 * It is taken from that suite of Debian and unpacked beside the machine's, whose runc stays: trixie's wants a newer libc.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../../lib/process.ts";
import { UserError } from "../../lib/userError.ts";
import { takePackages } from "../../offline/postgresql.ts";

const PACKAGES = ["docker.io", "docker-cli", "containerd", "tini"];

/**
 * Puts that docker first on PATH: client and engine.
 *
 * @returns Which version it is.
 */
export async function takeTestEngine(suite: string): Promise<string> {
  const folder = resolve(".tools/docker", suite);
  if (!existsSync(folder)) await unpack(suite, folder);
  process.env["PATH"] = `${folder}/usr/bin:${folder}/usr/sbin:${process.env["PATH"]}`;
  const { code, output } = await run("dockerd", ["--version"]);
  if (code !== 0)
    throw new UserError(
      `dockerd of Debian ${suite}: ${output.trim()}. Unset AGATHA_TEST_ENGINE, or name another suite.`,
    );
  return output.trim();
}

async function unpack(suite: string, folder: string): Promise<void> {
  mkdirSync(resolve(folder, ".."), { recursive: true });
  const work = mkdtempSync(join(folder, "../work."));
  try {
    const [packages, made] = [join(work, "packages"), join(work, "made")];
    mkdirSync(packages);
    await takePackages({ suite, packages: PACKAGES }, work, packages);
    for (const file of readdirSync(packages)) {
      const { code, output } = await run("dpkg-deb", ["--extract", join(packages, file), made]);
      if (code !== 0) throw new UserError(`dpkg-deb: ${output.trim()}`);
    }
    renameSync(made, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
