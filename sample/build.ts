// Builds the sample's back end (Maven) and front end (Vite) in parallel, each only if its sources changed.
// `node sample/build.ts`; with `--test` it runs their tests instead.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { takeLock } from "./lock.ts";
import { run, type Step, stopChildrenOn } from "./run.ts";

const here = dirname(fileURLToPath(import.meta.url));
const stamps = join(here, ".build");
/** Interval of a long step's signs of life. */
const SIGN_OF_LIFE_MS = 10_000;

interface Part {
  name: "back" | "front";
  sources: string[];
  /** The result; a stamp counts only while this has the bytes that were built. */
  output: string;
  build: (report: Report) => Promise<void>;
  test: (report: Report) => Promise<void>;
}

type Report = (doing: string) => void;

const parts: Part[] = [
  {
    name: "back",
    sources: ["back/pom.xml", "back/src/main"],
    output: "back/target/agatha-back.jar",
    build: async (report) => {
      report("compiling with Maven");
      // Clean, since the shade plugin would shade its own jar again.
      rmSync(join(here, "back/target"), { recursive: true, force: true });
      await run(maven("-Dmaven.test.skip=true", "package"));
    },
    test: async (report) => {
      report("testing with Maven");
      await run(maven("test"));
    },
  },
  {
    name: "front",
    sources: ["index.html", "package.json", "package-lock.json", "vite.config.ts", "src", "public"].map(
      (file) => `front/${file}`,
    ),
    output: "front/dist",
    build: async (report) => {
      await installModules(report);
      report("bundling with Vite");
      await run(node("node_modules/vite/bin/vite.js", "build"));
    },
    test: async (report) => {
      await installModules(report);
      report("checking types");
      await run(node("node_modules/vue-tsc/bin/vue-tsc.js", "--noEmit"));
      report("testing");
      await run(node("--test", "test/*.test.ts"));
    },
  },
];

function maven(...args: string[]): Step {
  return {
    command: "mvn",
    args: ["-B", "-ntp", ...args],
    folder: join(here, "back"),
    // A short run gains nothing from the optimising compiler.
    env: { MAVEN_OPTS: process.env.MAVEN_OPTS ?? "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" },
    missing: "Install Maven and a JDK 17 (apt-get install maven openjdk-17-jdk-headless)",
  };
}

function node(...args: string[]): Step {
  // Vite would bundle a development Vue by NODE_ENV, which a test runner sets.
  const env = { NODE_ENV: "production" };
  return {
    command: process.execPath,
    args,
    folder: join(here, "front"),
    env,
    missing: "Install Node 22 or newer",
  };
}

/** `npm ci`, unless the modules already match the lock file. */
async function installModules(report: Report): Promise<void> {
  const stamp = join(stamps, "front-modules");
  const wanted = `${hashOf(["front/package.json", "front/package-lock.json"])} ${process.platform} ${process.arch}\n`;
  if (existsSync(join(here, "front/node_modules/vite")) && textOf(stamp) === wanted) return;
  report("fetching npm packages");
  rmSync(stamp, { force: true });
  await run({
    command: "npm",
    args: ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"],
    folder: join(here, "front"),
    missing: "Install npm (apt-get install npm)",
  });
  writeFileSync(stamp, wanted);
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** Hash of names and contents, not of times, so that a fresh clone of the same sources has the same. */
function hashOf(paths: string[]): string {
  const hash = createHash("sha256");
  for (const file of paths.flatMap((path) => filesUnder(join(here, path)))) {
    const content = readFileSync(file);
    hash.update(`${relative(here, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

async function buildPart(part: Part): Promise<string> {
  const stamp = join(stamps, part.name);
  const sources = hashOf([...part.sources, "build.ts", "run.ts"]);
  if (existsSync(join(here, part.output)) && textOf(stamp) === `${sources} ${hashOf([part.output])}\n`)
    return "unchanged";
  rmSync(stamp, { force: true });
  const time = await timed(part, part.build);
  if (!existsSync(join(here, part.output)))
    throw new Error(`${part.output} was not made. Look at what the build says.`);
  writeFileSync(stamp, `${sources} ${hashOf([part.output])}\n`);
  return `built in ${time}`;
}

async function testPart(part: Part): Promise<string> {
  return `tests passed in ${await timed(part, part.test)}`;
}

/** Runs the work, prints a sign of life every few seconds, and returns the time it took. */
async function timed(part: Part, work: Part["build"]): Promise<string> {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let doing = "working";
  const alive = setInterval(() => say(part, `${doing} ... ${seconds().toFixed(0)} s`), SIGN_OF_LIFE_MS);
  try {
    await work((now) => {
      doing = now;
    });
    return `${seconds().toFixed(1)} s`;
  } finally {
    clearInterval(alive);
  }
}

function say(part: Part, text: string): void {
  console.log(`sample ${part.name.padEnd(5)}  ${text}`);
}

async function main(): Promise<void> {
  mkdirSync(stamps, { recursive: true });
  stopChildrenOn("SIGINT");
  stopChildrenOn("SIGTERM");
  await takeLock(join(stamps, "lock"), (pid) =>
    console.log(`sample: waiting for another build of it (process ${pid})`),
  );
  const step = process.argv.includes("--test") ? testPart : buildPart;
  await Promise.all(
    parts.map((part) =>
      step(part).then(
        (result) => say(part, result),
        (error: Error) => {
          process.exitCode = 1;
          console.error(`sample ${part.name}: ${error.message}`);
        },
      ),
    ),
  );
}

await main();
