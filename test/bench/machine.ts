/** What a measurement is worth nothing without: the machine and the versions. */
import { cpus, totalmem } from "node:os";
import { run } from "../../lib/process.ts";

const SAYS: Record<string, [string, string[]]> = {
  kernel: ["uname", ["-r"]],
  docker: ["docker", ["version", "--format", "{{.Server.Version}}"]],
  nix: ["nix-build", ["--version"]],
  pulumi: ["pulumi", ["version"]],
  commit: ["git", ["describe", "--always", "--dirty"]],
};

export async function machine(): Promise<Record<string, string | number>> {
  const said = Object.entries(SAYS).map(async ([name, [program, args]]) => {
    const { code, output } = await run(program, args, { optional: true });
    return [name, code === 0 ? output.trim() : "unknown"];
  });
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 2 ** 30),
    packages: process.env["AGATHA_PACKAGES"] ?? "nixpkgs",
    node: process.version,
    ...Object.fromEntries(await Promise.all(said)),
  };
}
