/**
 * PostgreSQL of another major version for the `debian` set: its server by Maven, its client programs from a newer suite
 * of Debian, by a private apt whose sources are this machine's with the suite replaced. Nothing is installed.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { run, tail } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { sourcesOfSuite } from "./aptSources.ts";
import majors from "./packages/postgresql/majors.json" with { type: "json" };

interface Major {
  /** Version of the Maven artefact with the server. */
  artefact: string;
  /** The Debian suite that has its client programs. */
  suite: string;
  /** The packages of these, with all libraries. */
  packages: string[];
}

/** What a major version is made of; undefined for the default version, and for those that the set does not have. */
export const takenMajor = (major: number): Major | undefined => (majors as Record<string, Major>)[major];

const POM = "offline/packages/flyway/pom.xml";

/** Where `offline/packages/material.nix` looks. */
const folderOf = (major: number): string =>
  join(process.env["AGATHA_DEBIAN_MATERIAL"] ?? resolve(".tools/debian"), `postgresql-${major}`);

/**
 * Downloads what the `debian` set makes this PostgreSQL of: once, and again if majors.json names something else.
 *
 * @returns What was done.
 * @throws UserError with what failed and the fix.
 */
export async function obtainPostgresql(major: number, wanted: Major): Promise<string> {
  const folder = folderOf(major);
  const stamp = JSON.stringify(wanted);
  if (existsSync(join(folder, "stamp")) && readFileSync(join(folder, "stamp"), "utf8") === stamp)
    return "all there";
  mkdirSync(resolve(folder, ".."), { recursive: true });
  // Made beside its place and renamed: an interrupt leaves no partial files there.
  const work = mkdtempSync(join(resolve(folder, ".."), "work."));
  try {
    const made = join(work, "made");
    mkdirSync(made);
    await Promise.all([takeServer(wanted, made), takePackages(wanted, work, made)]);
    const files = readdirSync(made).sort();
    writeFileSync(join(made, "sha256sums"), files.map((file) => sumLine(made, file)).join(""));
    writeFileSync(join(made, "stamp"), stamp);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return `server ${wanted.artefact} from Maven, ${wanted.packages.length} packages of Debian ${wanted.suite}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function sumLine(folder: string, file: string): string {
  const sum = createHash("sha256")
    .update(readFileSync(join(folder, file)))
    .digest("hex");
  return `${sum}  ${file}\n`;
}

async function takeServer({ artefact }: Major, made: string): Promise<void> {
  const pom = ["-B", "-q", "-f", POM, `-Dembedded-postgres.version=${artefact}`];
  // By its full name: with the short one, Maven would look for the newest version.
  const goal = `org.apache.maven.plugins:maven-dependency-plugin:${pluginVersion()}:copy@postgresql`;
  const { code, output } = await run("mvn", [...pom, `-Dmaterial=${made}`, goal]);
  if (code !== 0)
    throw new UserError(
      `mvn: PostgreSQL ${artefact} could not be downloaded:\n${tail(output, 15)}\nLook at Maven's settings (~/.m2/settings.xml).`,
    );
}

const pluginVersion = (): string =>
  /<dependency-plugin\.version>([^<]+)</.exec(readFileSync(POM, "utf8"))?.[1] ?? "";

/**
 * Downloads packages of another Debian suite into the folder `made`; nothing is installed.
 *
 * @param work A folder for what apt keeps meanwhile.
 */
export async function takePackages(
  { suite, packages }: Pick<Major, "suite" | "packages">,
  work: string,
  made: string,
): Promise<void> {
  const apt = privateApt(suite, work);
  for (const [args, cwd] of [
    [["update"], work],
    [["download", ...packages], made],
  ] as const) {
    const { code, output } = await run("apt-get", [...apt, ...args], { cwd });
    if (code !== 0)
      throw new UserError(
        `apt-get ${args[0]}: the packages of Debian ${suite} could not be downloaded:\n${tail(output, 15)}\nFix apt's sources or the network, then run this again.`,
      );
  }
}

/** Options of an apt-get that knows the suite alone and keeps what it knows in `work`. */
function privateApt(suite: string, work: string): string[] {
  const sources = join(work, "sources");
  for (const folder of [sources, join(work, "lists/partial"), join(work, "cache/archives/partial")])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(work, "status"), "");
  const own = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  let any = false;
  for (const file of ownSources()) {
    const deb822 = file.endsWith(".sources");
    const text = sourcesOfSuite(readFileSync(file, "utf8"), deb822, own, suite);
    if (text === "") continue;
    any = true;
    writeFileSync(join(sources, file.replaceAll("/", "-").slice(1)), text);
  }
  if (!any)
    throw new UserError(
      `apt: none of this machine's sources is for Debian ${own}, so that there is none for ${suite} either. Add Debian's to /etc/apt/sources.list.d.`,
    );
  return [
    `Dir::State=${work}`,
    `Dir::State::status=${join(work, "status")}`,
    `Dir::Cache=${join(work, "cache")}`,
    "Dir::Etc::SourceList=/dev/null",
    `Dir::Etc::SourceParts=${sources}`,
    // Neither descriptions nor what desktops show.
    "Acquire::Languages=none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
    // Its own user may not write here.
    "APT::Sandbox::User=",
  ].flatMap((option) => ["-o", option]);
}

function ownSources(): string[] {
  const parts = "/etc/apt/sources.list.d";
  const listed = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return ["/etc/apt/sources.list", ...listed].filter(
    (file) => /\.(list|sources)$/.test(file) && existsSync(file),
  );
}
