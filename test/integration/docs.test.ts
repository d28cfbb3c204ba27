/**
 * Runs the commands of the documentation: docs/first-run.md brings a scratch stack up and, at the end, takes it down. In
 * between, the blocks of each page run in order, in one shell.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { siteCertificate } from "../support/certificates.ts";
import { blocks, PAGES_TEST, pages, textOf } from "../support/docs.ts";
import { putEntry } from "../support/jar.ts";
import type { Page } from "../support/page.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { type ScratchPageOptions, scratchPage, writeStackFile } from "../support/scratchPage.ts";
import { SshServer } from "../support/sshServer.ts";

let scratch: Scratch;
let sshd: SshServer;
/** The stack's file, where a clone has it. */
let file: string;
let firstRun: Page;
/** A stack that a page creates beside the scratch stack. */
const second = () => `${scratch.stack}-b`;

beforeAll(async () => {
  scratch = await Scratch.make();
  file = writeStackFile(scratch);
  sshd = await SshServer.here(join(scratch.folder, "ssh"));
  // There is no terminal to ask at.
  const words = { "sample/migrations": scratch.migrations, "down -- --volumes": "down -- --volumes --yes" };
  firstRun = open("docs/first-run.md", { words });
  await firstRun.run("up");
});
afterAll(async () => {
  await firstRun?.end();
  await sshd?.end();
  // Includes what the pages' commands write.
  const others = [`Pulumi.${second()}.yaml`, join("deployments", `Pulumi.${scratch.stack}.yaml`)];
  for (const path of [file, ...others]) rmSync(path, { force: true });
  await scratch?.remove();
});

const open = (page: string, options?: ScratchPageOptions) => scratchPage(scratch, page, PAGES_TEST, options);

/** What a page presumes, and what replaces the names in it. */
interface Setting extends ScratchPageOptions {
  /** Standard input of its commands, for those that ask. */
  input?: string;
  after?: () => Promise<void> | void;
}

const SETTINGS: Record<string, () => Promise<Setting> | Setting> = {
  "docs/backup.md": () => {
    const [here, there] = ["mounted", "there"].map((name) => join(scratch.folder, name)) as [string, string];
    for (const folder of [here, there]) mkdirSync(folder);
    const words = { "/mnt/backups": here, "ssh://me@host:22/srv/agatha": `${sshd.url}${there}` };
    return { words, env: sshd.env };
  },
  "docs/deployments.md": () => ({ stacks: { settings: scratch.stack } }),
  "docs/domain.md": () => {
    const { certificate, key } = siteCertificate(join(scratch.folder, "site"), "app.example.org");
    return { words: { "chain.pem": certificate, "key.pem": key } };
  },
  "docs/previews.md": async () => {
    const [jar, migration] = [readFileSync(scratch.jar), join(scratch.migrations, "V9__goals.sql")];
    await putEntry(scratch.jar, "release.txt", `${scratch.stack}\n`);
    writeFileSync(migration, "create table later (id bigint primary key);\n");
    return {
      after: () => {
        writeFileSync(scratch.jar, jar);
        rmSync(migration);
      },
    };
  },
  "docs/pull-requests.md": () => ({
    stacks: { staging: second() },
    words: { "/tmp/": `${scratch.folder}/` },
    after: async () => {
      const args = ["stack", "rm", "--yes", "--stack", second(), "--non-interactive"];
      const { code, output } = await execute("pulumi", args, scratch.env);
      expect(code, output).toBe(0);
    },
  }),
  "docs/remote-hosts.md": () => ({
    words: {
      "ssh deploy@host.example": `ssh -p ${new URL(sshd.url).port} ${new URL(sshd.url).username}@127.0.0.1`,
    },
    env: sshd.env,
    input: "a password\n",
  }),
  "docs/rollback.md": async () => {
    const history = ["scripts/history.ts", "--stack", scratch.stack, "--json"];
    const { output } = await execute(process.execPath, history, scratch.env);
    const [, before] = JSON.parse(output) as { images: { back: { ref: string } } }[];
    return { words: { TAG: before?.images.back.ref.split(":")[1] ?? "" } };
  },
  "docs/your-own-app.md": async () => {
    const app = join(scratch.folder, "app");
    const [libs, pg] = [join(app, "back/build/libs"), join(app, "back/src/main/resources/db/pg")];
    mkdirSync(libs, { recursive: true });
    cpSync(scratch.jar, join(libs, "app-uber.jar"));
    await putEntry(join(libs, "app-uber.jar"), "release.txt", `${scratch.stack}'s own\n`);
    cpSync(scratch.migrations, pg, { recursive: true });
    cpSync(scratch.dist, join(app, "front/dist"), { recursive: true });
    return { words: { "../app/": `${app}/` }, input: "a password\n" };
  },
};

const others = pages().filter(
  (page) =>
    page !== "docs/first-run.md" &&
    blocks(textOf(page)).some(
      ({ mark }) => mark?.kind === "tested" && mark.test === PAGES_TEST && mark.name === "",
    ),
);

describe("docs/first-run.md", () => {
  it.each(["look", "a value", "a migration"])(
    "its commands work, and print what it shows: %s",
    async (name) => {
      expect(await firstRun.run(name)).not.toContain(scratch.password);
    },
  );
});

describe("each page", () => {
  let before: string;
  let opened: Page | undefined;
  let setting: Setting = {};
  beforeAll(() => {
    expect(others.length).toBeGreaterThanOrEqual(10);
  });
  afterEach(async () => {
    await opened?.end();
    await setting.after?.();
    // A page's configuration is for that page only.
    writeFileSync(file, before);
    opened = undefined;
    setting = {};
  });

  it.each(others)("%s: its commands work, and print what it shows", async (page) => {
    before = readFileSync(file, "utf8");
    setting = (await SETTINGS[page]?.()) ?? {};
    opened = open(page, setting);
    expect(await opened.run("", setting.input)).not.toContain(scratch.password);
  });
});

describe("the end", () => {
  it("takes the stack down as docs/first-run.md says, the data last", async () => {
    await firstRun.run("down");
    expect(await scratch.own("container")).toEqual([]);
    expect(await scratch.own("volume")).toHaveLength(1);
    await firstRun.run("drop");
    expect(await scratch.own("volume")).toEqual([]);
  });

  it("releases the images as docs/rollback.md says", async () => {
    const listing = [
      "image",
      "ls",
      "--filter",
      `reference=agatha-*-image:kept-${scratch.stack}-*`,
      "--quiet",
    ];
    expect(await scratch.docker(...listing)).not.toEqual([]);
    const page = open("docs/rollback.md");
    await page.run("let go");
    await page.end();
    expect(await scratch.docker(...listing)).toEqual([]);
    expect(existsSync(`.state/gcroots/${scratch.stack}`)).toBe(false);
  });
});
