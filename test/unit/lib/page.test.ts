import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PAGES_TEST } from "../../support/docs.ts";
import { Page } from "../../support/page.ts";
import { Shell } from "../../support/shell.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a shell", () => {
  let shell: Shell;
  afterEach(() => shell.end());

  it("finds what the block before set, and gives what is printed on either output", async () => {
    shell = new Shell(process.env);
    expect(await shell.run("a=1; export b=2; cd /")).toEqual({ code: 0, output: "" });
    expect(await shell.run('echo "$a"; sh -c "echo $b >&2"; pwd')).toEqual({ code: 0, output: "1\n2\n/\n" });
  });

  it.each([
    ["a command", "false\necho no", 1],
    ["a part of a pipe", "false | true\necho no", 1],
    ["an end", "exit 7\necho no", 7],
  ])("ends where %s fails, and says so again", async (_, commands, code) => {
    shell = new Shell(process.env);
    expect(await shell.run(commands)).toEqual({ code, output: "" });
    expect((await shell.run("true")).code).toBe(code);
  });

  it("answers what is asked for, else with nothing", async () => {
    shell = new Shell(process.env);
    expect((await shell.run("read -r x; echo $x", "yes\n")).output).toBe("yes\n");
    expect((await shell.run("cat; echo read")).output).toBe("read\n");
  });
});

describe("a page", () => {
  const path = join(folder, "page.md");
  let page: Page;
  beforeAll(() =>
    writeFileSync(
      path,
      `<!-- tested -->
\`\`\`sh
x=agatha-dev-db
\`\`\`

<!-- tested by integration/other.test.ts: one -->
\`\`\`sh
echo other
\`\`\`

<!-- tested -->
\`\`\`sh
echo $x; echo 3 rows
\`\`\`

<!-- output -->
\`\`\`
agatha-dev-db
17 rows
\`\`\`

<!-- tested by integration/other.test.ts: two -->
\`\`\`sh
echo nothing
\`\`\`

<!-- output -->
\`\`\`
something
\`\`\`
`,
    ),
  );
  afterEach(() => page.end());
  const open = (test: string) => {
    page = new Page(path, test, { stacks: { dev: "ours" }, env: process.env });
  };

  it.each([
    [PAGES_TEST, "", "agatha-ours-db\n3 rows\n"],
    ["integration/other.test.ts", "one", "other\n"],
  ])("has %s run its own blocks, in one shell, with the test's names", async (test, name, printed) => {
    open(test);
    expect(await page.run(name)).toBe(printed);
  });

  it("fails where what it shows is not printed, or there is no such block", async () => {
    open("integration/other.test.ts");
    await expect(page.run("two")).rejects.toThrow("shows what is not printed:\nsomething\n");
    await expect(page.run("three")).rejects.toThrow('has no block "three" for this test.');
  });

  it("runs nothing that names a person's stack", async () => {
    writeFileSync(path, "<!-- tested -->\n```sh\necho dev\n```\n");
    open(PAGES_TEST);
    await expect(page.run()).rejects.toThrow("names dev in a place that is not known.");
  });

  it("fails where a command does, with what it printed", async () => {
    writeFileSync(path, "<!-- tested -->\n```sh\necho why; false\n```\n");
    open(PAGES_TEST);
    await expect(page.run()).rejects.toThrow(/ended with 1:\necho why; false\n\nwhy\n/);
  });
});
