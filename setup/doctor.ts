/** Shows what is there, what is missing, and how to fix it. */
import { run, which } from "../lib/process.ts";
import { line } from "../lib/progress.ts";
import { fileOf, readStackFile, stacksWithFiles, usesRegistry } from "../lib/stacks/file.ts";
import { debianPackages } from "../offline/packages.ts";
import { missingPackages } from "./apt.ts";
import { probeDocker } from "./docker.ts";
import { probeEngine } from "./engine.ts";
import { probeBuilders, probeNix, probeStore } from "./nix.ts";
import { found, lacking, type Probe } from "./probe.ts";

/** @returns The exit code: 1 if something is missing. */
export async function doctor(): Promise<number> {
  const probes: [string, Promise<Probe> | Probe][] = [
    ["node", found(`Node ${process.versions.node}`)],
    ["pulumi engine", probeEngine()],
    ["docker", probeDocker()],
    ["nix", probeNix()],
    ["nix store", probeStore()],
    ["nix builders", probeBuilders()],
    ["package set", packageSet()],
    ["java", tool("javac", "openjdk-17-jdk-headless")],
    ["maven", tool("mvn", "maven")],
    ["skopeo", skopeo()],
    ["state", state()],
    ["stack files", stackFiles()],
  ];
  let missing = 0;
  for (const [name, pending] of probes) {
    const probe = await pending;
    line(name, `${probe.ok ? "✓" : "✗"} ${probe.text}${probe.fix === undefined ? "" : `. ${probe.fix}`}`);
    if (!probe.ok) missing++;
  }
  if (missing > 0) process.stdout.write(`\n${missing} missing. \`npm run setup\` fixes what it can.\n`);
  return missing > 0 ? 1 : 0;
}

async function packageSet(): Promise<Probe> {
  const packages = process.env["AGATHA_PACKAGES"];
  if (packages === undefined) return lacking("not chosen yet", "Run `npm run setup`.");
  const missing = packages === "debian" ? await missingPackages(debianPackages()) : [];
  return missing.length === 0
    ? found(packages)
    : lacking(`debian lacks ${missing.join(" ")}`, `Run \`apt-get install ${missing.join(" ")}\`.`);
}

function tool(program: string, debianPackage: string): Probe {
  const path = which(program);
  return path === undefined
    ? lacking(`no ${program} on PATH`, `Run \`apt-get install ${debianPackage}\`.`)
    : found(path);
}

/** The program that sends images to a registry. */
function skopeo(): Probe {
  const users = stacksWithFiles().filter((stack) => usesRegistry(readStackFile(fileOf(stack))));
  if (users.length === 0) return found("not needed: no stack's file names a registry");
  const { ok, text, fix } = tool("skopeo", "skopeo");
  return ok ? found(text) : lacking(`${text}, which ${users.join(", ")} need for the registry`, fix ?? "");
}

function state(): Probe {
  const backend = process.env["PULUMI_BACKEND_URL"];
  return found(
    backend === undefined
      ? "where your Pulumi login says"
      : backend.replace(`file://${process.cwd()}/`, "in the clone: "),
  );
}

/** Stack files whose changes are hidden from git, since Pulumi writes its salt into them. */
async function stackFiles(): Promise<Probe> {
  const { code, output } = await run("git", ["ls-files", "-v", "Pulumi.*.yaml"], { optional: true });
  const hidden = output
    .split("\n")
    .filter((entry) => entry.startsWith("S "))
    .map((entry) => entry.slice(2));
  if (code !== 0 || hidden.length === 0) return found("seen by git");
  return found(
    `hidden from git: ${hidden.join(" ")} (to commit a change: git update-index --no-skip-worktree FILE)`,
  );
}
