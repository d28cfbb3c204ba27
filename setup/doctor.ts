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
  const missing = packages === "debian" ? (await missingPackages(debianPackages())).join(" ") : "";
  return missing === "" ? found(packages) : lacking(`debian lacks ${missing}`, installing(missing));
}

const installing = (packages: string): string => `Run \`apt-get install ${packages}\`.`;

function tool(program: string, debianPackage: string): Probe {
  const path = which(program);
  return path === undefined ? lacking(`no ${program} on PATH`, installing(debianPackage)) : found(path);
}

/** The program that sends images to a registry. */
function skopeo(): Probe {
  const users = stacksWithFiles().filter((stack) => usesRegistry(readStackFile(fileOf(stack))));
  if (users.length === 0) return found("not needed: no stack's file names a registry");
  const { ok, text } = tool("skopeo", "skopeo");
  if (ok) return found(text);
  return lacking(`${text}, which ${users.join(", ")} need for the registry`, installing("skopeo"));
}

function state(): Probe {
  const backend = process.env["PULUMI_BACKEND_URL"] ?? "where your Pulumi login says";
  return found(backend.replace(`file://${process.cwd()}/`, "in the clone: "));
}

/** Stack files whose changes are hidden from git, since Pulumi writes its salt into them. */
async function stackFiles(): Promise<Probe> {
  const { stdout } = await run("git", ["ls-files", "-v", "Pulumi.*.yaml"], { optional: true });
  const hidden = [...stdout.matchAll(/^S (.+)$/gm)].map(([, file]) => file).join(" ");
  const fix = "(to commit a change: git update-index --no-skip-worktree FILE)";
  return found(hidden === "" ? "seen by git" : `hidden from git: ${hidden} ${fix}`);
}
