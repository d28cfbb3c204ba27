/** A scratch stack with its own backup folder, and the commands that take and restore backups. */
import { createReadStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parse, stringify } from "yaml";
import { readArchive } from "../../lib/database/backup/dump.ts";
import { HARSH_SETTINGS } from "./harshSchema.ts";
import { type Ended, execute, Scratch } from "./scratch.ts";
import { runBlock, type ScratchPageOptions } from "./scratchPage.ts";

/** A CHECK allows rows in the first table only while the second has some; a restore fills the first one first. */
export const UNRESTORABLE = `
  create table zz (id int); insert into zz values (1);
  create function allowed() returns boolean language sql as 'select exists (select from public.zz)';
  create table aa (id int check (allowed())); insert into aa values (1);`;

export class Backups {
  /** The configured backup folder. */
  readonly folder: string;
  readonly scratch: Scratch;
  /** A page, and the test in it whose blocks are run. */
  private readonly tested: [page: string, test: string];

  private constructor(scratch: Scratch, tested: [page: string, test: string]) {
    [this.scratch, this.tested, this.folder] = [scratch, tested, join(scratch.folder, "backups")];
  }

  /** Brings a stack up. */
  static async make(...tested: [page: string, test: string]): Promise<Backups> {
    const scratch = await Scratch.make();
    const backups = new Backups(scratch, tested);
    mkdirSync(backups.folder);
    const to = backups.folder;
    Object.assign(scratch.config, { backups: { to }, database: { settings: HARSH_SETTINGS } });
    await scratch.upWell();
    return backups;
  }

  /** `npm run backup` or `npm run restore`. */
  script(
    name: string,
    args: string[],
    config = this.scratch.configFile,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Ended> {
    const { stack, env: own } = this.scratch;
    const command = [`scripts/${name}.ts`, "--stack", stack, "--config-file", config, ...args];
    return execute(process.execPath, command, { ...own, ...env });
  }

  /** Runs a block of the page, which has to succeed. */
  documented(name: string, options: ScratchPageOptions, of = this.scratch): Promise<string> {
    return runBlock(of, [...this.tested, name], options);
  }

  /** Takes a backup, which has to succeed; returns its path. */
  async take(): Promise<string> {
    const { code, output } = await this.script("backup", []);
    expect(code, output).toBe(0);
    return output.split("\n")[0] ?? "";
  }

  dumps = () => readdirSync(this.folder).filter((name) => name.endsWith(".dump"));

  rowsOf = async (path: string) =>
    (await readArchive(await this.scratch.container("db"), path, createReadStream(path))).rows;

  /** Databases that a restore left behind. */
  databases = () => this.scratch.sql("select datname from pg_database where datname ~ '^agatha_'");

  /** Names of the budgets that the back serves. */
  budgets = async (of = this.scratch) => {
    const answer = await fetch(`${of.backUrl}/api/budgets`);
    return ((await answer.json()) as { name: string }[]).map(({ name }) => name).sort();
  };

  /** A config file of the stack with other backups. */
  configWith(backups: object): string {
    const file = join(this.scratch.folder, "other.yaml");
    const given = parse(readFileSync(this.scratch.configFile, "utf8")) as { config: Record<string, unknown> };
    given.config["agatha:backups"] = backups;
    writeFileSync(file, stringify(given));
    return file;
  }
}
