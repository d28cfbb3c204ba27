/** What each npm command accepts and refuses, and its help. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { read } from "../../../lib/cli/command.ts";
import { COMMANDS, commandOf, isName, type Name } from "../../../lib/cli/commands.ts";
import { askedHelp, helpText } from "../../../lib/cli/help.ts";
import { UserError } from "../../../lib/userError.ts";
import packages from "../../../package.json" with { type: "json" };

const names = Object.keys(COMMANDS) as Name[];
const refusal = (name: Name, args: string[], env = {}): string => {
  try {
    read(name, args, env);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  throw new Error(`${name} takes ${args.join(" ")}`);
};

describe("a command's arguments", () => {
  it("name the stack and its file, and hand pulumi the options that are listed for it", () => {
    const args = [
      "-s",
      "prod",
      "-r",
      "--target=a",
      "-t",
      "b",
      "--config-file",
      "Pulumi.dev.yaml",
      "--message=a b",
    ];
    expect(read("up", args)).toEqual({
      stack: "prod",
      file: "Pulumi.dev.yaml",
      configFile: ["--config-file", "Pulumi.dev.yaml"],
      options: {
        stack: "prod",
        refresh: true,
        target: ["a", "b"],
        "config-file": "Pulumi.dev.yaml",
        message: "a b",
      },
      words: [],
      pulumi: ["--refresh", "--target=a", "--target=b", "--message=a b"],
    });
  });

  it("default to the stack in AGATHA_STACK, else to dev", () => {
    expect(read("up", [], { AGATHA_STACK: "b" })).toMatchObject({ stack: "b", file: "Pulumi.b.yaml" });
    expect(read("up", ["--stack=c"], { AGATHA_STACK: "b" }).stack).toBe("c");
    expect(read("down", [])).toMatchObject({ stack: "dev", file: "Pulumi.dev.yaml", configFile: [] });
  });

  it("ignore AGATHA_STACK if the command has no stack, and blame it if it is wrong", () => {
    expect(read("doctor", [], { AGATHA_STACK: "no stack" }).stack).toBe("dev");
    expect(refusal("up", [], { AGATHA_STACK: "no stack" })).toBe(
      'AGATHA_STACK: "no stack" is not a stack\'s name. Use letters, digits, _, . and -.',
    );
    expect(read("up", [], { AGATHA_STACK: "" }).stack).toBe("dev");
    expect(read("up", ["--stack=c"], { AGATHA_STACK: "no stack" }).stack).toBe("c");
  });

  it("may be words if the command takes some, even with dashes after --", () => {
    expect(read("restore", ["a.dump", "--yes"]).words).toEqual(["a.dump"]);
    expect(read("restore", ["--", "--odd.dump"]).words).toEqual(["--odd.dump"]);
    expect(read("stack new", ["a", "ssh://user@host", "--like", "b"])).toMatchObject({
      words: ["a", "ssh://user@host"],
      options: { like: "b" },
    });
  });

  it.each(["../x", "a;b", "$(id)", "."])("refuse %j as a stack", (name) => {
    expect(refusal("up", ["--stack", name])).toMatch(/^--stack: ".*" is not a stack's name\./);
  });

  // A `down --volumes` with an option that only pulumi knew dropped the data after pulumi had printed a help text.
  it.each<[Name, string[], string]>([
    [
      "down",
      ["--volumes", "--halp"],
      'down: "--halp" is not an option of this command. Did you mean --help?',
    ],
    ["down", ["--volume"], 'down: "--volume" is not an option of this command. Did you mean --volumes?'],
    [
      "down",
      ["-x"],
      'down: "-x" is not an option of this command. `npm run down -- --help` lists what it takes.',
    ],
    [
      "down",
      ["--no-volumes"],
      'down: "--no-volumes" is not an option of this command. Leave --volumes out instead.',
    ],
    [
      "down",
      ["--volumes=false"],
      '--volumes: takes no value, and "false" is given. Write --volumes, or leave it out.',
    ],
    ["down", ["volumes"], 'down: "volumes" is one argument too many. Did you mean --volumes?'],
    ["down", ["--", "--volumes"], 'down: "--volumes" is one argument too many. Did you mean --volumes?'],
    ["up", ["prod"], 'up: "prod" is one argument too many. `npm run up -- --help` lists what it takes.'],
    ["up", ["--stack", "a", "--stack", "b"], '--stack: is given twice, as "a" and "b". Give it once.'],
    ["up", ["--stack", "--refresh"], "--stack: has no value. Write it like `--stack NAME`."],
    ["up", ["--stack="], "--stack: has no value. Write it like `--stack NAME`."],
    ["up", ["--config-file", "no.yaml"], '--config-file: "no.yaml" does not exist. Name a file that does.'],
    ["up", ["--out"], "--out: has no value. Write it like `--out FILE`."],
    [
      "up",
      ["--debug"],
      'up: "--debug" is not an option of this command. `npm run up -- --help` lists what it takes.',
    ],
    ["restore", ["--yes"], "restore: FILE is missing. Write it like `npm run restore -- FILE`."],
    [
      "restore",
      ["a", "b"],
      'restore: "b" is one argument too many. `npm run restore -- --help` lists what it takes.',
    ],
    ["stack", [], "stack: no command is given. Use new, rm, list; `npm run stack -- --help` describes them."],
    [
      "stack",
      ["remove"],
      'stack: "remove" is not a command of it. Use new, rm, list; `npm run stack -- --help` describes them.',
    ],
    [
      "stack rm",
      ["a", "--stack", "b"],
      'stack rm: "--stack" is not an option of this command. `npm run stack -- rm --help` lists what it takes.',
    ],
    [
      "check",
      ["__proto__"],
      'check: "__proto__" is one argument too many. `npm run check -- --help` lists what it takes.',
    ],
    [
      "check",
      ["--__proto__"],
      'check: "--__proto__" is not an option of this command. `npm run check -- --help` lists what it takes.',
    ],
  ])("refuse %s %j", (name, args, sentence) => {
    expect(refusal(name, args)).toBe(sentence);
  });

  // npm 11 still takes unknown options for its own: `npm run down --stack=prod` took down stack dev.
  it("refuse an option that npm took because it came before --", () => {
    expect(refusal("down", [], { npm_config_stack: "prod" })).toBe(
      '--stack: was taken by npm, which keeps what comes before "--". Write `npm run down -- --stack NAME`.',
    );
    expect(refusal("down", [], { npm_config_without_state: "true" })).toContain("--without-state");
    expect(read("down", [], { npm_config_yes: "true" }).options).toEqual({});
    for (const urn of ["urn:pulumi:dev::agatha::x", "**-container"])
      expect(refusal("up", [], { npm_config_target: urn })).toContain("`npm run up -- --target URN`");
    expect(read("up", [], { npm_config_target: "x86_64" }).options).toEqual({});
    // An option that is given counts: another npm command around this one may have an option of that name.
    expect(read("down", ["--stack=a"], { npm_config_stack: "prod" }).stack).toBe("a");
  });
});

describe("help", () => {
  it("is all that a command does when asked for it, whatever else is asked", () => {
    for (const line of Object.values(packages.scripts)) {
      const name = line.split(" ").at(-1) ?? "";
      if (!isName(name)) throw new Error(`${name} has no entry in the table`);
      for (const args of [["--help"], ["--volumes", "-h", "--nonsense"]])
        expect(askedHelp(name, args)).toBe(helpText(name));
      expect(askedHelp(name, ["--", "--help"])).toBeUndefined();
    }
    expect(askedHelp("stack", ["rm", "x", "--help"])).toContain("npm run stack -- rm NAME [OPTIONS]\n");
  });

  it("fits a terminal, says how to run the command, and names each option", () => {
    for (const name of names) {
      const text = helpText(name);
      expect(text).toMatch(/^npm (run [\w:-]+|test)( -- .+)?\n\n[A-Z][\s\S]*?\.\n\n/);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      const { options = {}, pulumi = {} } = commandOf(name);
      const written = [...Object.keys(options), ...Object.keys(pulumi)];
      for (const option of [...written, "-h, --help"]) {
        expect(option).toMatch(/^(-[a-z], )?--[a-z]+(-[a-z]+)*( [A-Z]+(\.{3})?)?$/);
        expect(text).toContain(option.replace("...", ""));
      }
      // One would hide the other.
      const longs = written.map((option) => /--[\w-]+/.exec(option)?.[0]);
      const shorts = ["-h", ...written.flatMap((option) => /^-\w/.exec(option) ?? [])];
      for (const list of [longs, shorts]) expect(new Set(list).size).toBe(list.length);
    }
  });

  it("comes before node modules are installed", () => {
    const clone = mkdtempSync(join(tmpdir(), "agatha-help-"));
    for (const file of ["package.json", "package-lock.json", ".npmrc", "scripts/run.sh", "scripts/help.ts"])
      cpSync(file, join(clone, file), { recursive: true });
    for (const file of ["help.ts", "commands.ts"]) cpSync(`lib/cli/${file}`, join(clone, "lib/cli", file));
    // A Node that runs TypeScript, and no npm that could install anything.
    const bin = join(clone, "bin");
    mkdirSync(bin);
    for (const tool of ["cksum", "dirname", "cat", "bash"])
      execFileSync("ln", ["-s", execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(bin, tool)]);
    execFileSync("ln", ["-s", process.execPath, join(bin, "node")]);
    const run = (...args: string[]) =>
      spawnSync("bash", [join(clone, "scripts/run.sh"), ...args], { env: { PATH: bin }, encoding: "utf8" });
    expect(run("down", "--help")).toMatchObject({ status: 0, stdout: helpText("down"), stderr: "" });
    expect(run("down").stderr).toMatch(/^npm: is not on PATH\./);
    rmSync(clone, { recursive: true });
  });

  // Node ended with a stack trace when its reader was gone.
  it("ends well if nobody reads it", () => {
    const line = `"${process.execPath}" scripts/down.ts --help | true; echo "\${PIPESTATUS[0]}"`;
    expect(execFileSync("bash", ["-c", line], { encoding: "utf8" })).toBe("0\n");
  });

  it("has a row in the README for each command", () => {
    const readme = readFileSync("README.md", "utf8");
    for (const name of names.filter((one) => !one.includes(" ")))
      expect(readme).toMatch(new RegExp(`npm (run )?(${name}|test:${name})\\b`));
  });
});
