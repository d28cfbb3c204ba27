import { marked } from "marked";
import { describe, expect, it } from "vitest";
import type { Changes, DataChange } from "../../../lib/previews/changes.ts";
import { comment, failure, LIMIT } from "../../../lib/previews/comment.ts";
import type { DiffLine } from "../../../lib/previews/diff.ts";
import { block, code, markdownTable, plain } from "../../../lib/previews/markdown.ts";
import { previewErrors, readPreview } from "../../../lib/previews/runPreview.ts";

const stays = (name: string) => ({ name, change: "stays", why: [] });
const MIGRATIONS = { what: "migrations", of: "back", change: "run" } as const;

const RELEASE: Changes = {
  stack: "prod",
  any: true,
  images: [
    stays("db"),
    {
      name: "back",
      change: { from: "aaaaaaaa…", to: "bbbbbbbb…" },
      why: ["~ jar sha256:11111111… => sha256:33333333…", "+ V9__goals.sql"],
    },
    stays("front"),
  ],
  services: [
    stays("db"),
    { name: "back", change: "is replaced", why: ["new image", "memory 512 => 300 MB"], away: 3.2 },
    stays("front"),
  ],
  data: [
    { what: "volume", of: "db", change: "stays" },
    { ...MIGRATIONS, files: ["+ V9__goals.sql"] },
  ],
};

const line = (text: string): DiffLine => ({ mark: "~", depth: 0, text });

describe("a comment", () => {
  it("has sentences, a table, and the diff folded below", () => {
    expect(comment(RELEASE, [line("back-container (docker:Container): replace")], [])).toBe(`\
### prod: what \`up\` would change

\`back\` will be away for about 3 s. The data stays.

| image | change | why | restart | data |
| --- | --- | --- | --- | --- |
| **db** | stays |  | stays | volume stays |
| **back** | \`aaaaaaaa…\` ⇒ \`bbbbbbbb…\` | \`~ jar sha256:11111111… => sha256:33333333…\`<br>\`+ V9__goals.sql\` | is replaced: new image, memory 512 &#61;&#62; 300 MB<br>away about 3 s | migrations run:<br>\`+ V9__goals.sql\` |
| **front** | stays |  | stays |  |

<details>
<summary>Pulumi's diff</summary>

\`\`\`diff
! back-container (docker:Container): replace
\`\`\`

</details>
`);
  });

  it("is one line where nothing changes", () => {
    expect(comment({ ...RELEASE, any: false }, [], [])).toBe("### prod: nothing would change\n");
  });

  it("says that nobody is away, and that the data gets another volume", () => {
    const data: DataChange[] = [
      { what: "volume", of: "db", change: "is kept; the database gets another one" },
    ];
    const services = ["db", "back", "front"].map(stays);
    expect(comment({ ...RELEASE, services, data }, [], [])).toContain(
      "No service will be away. The data's volume is kept; the database gets another one.",
    );
  });

  it("says for how long each service will be away, as far as that is known", () => {
    const away = (...times: Changes["services"][number]["away"][]) => {
      const services = times.map((time, index) => ({
        ...stays(["db", "back", "front"][index] as string),
        ...(time === undefined ? {} : { away: time }),
      }));
      return comment({ ...RELEASE, services }, [], []).split("\n")[2];
    };
    expect(away("not at all", 2.6, undefined)).toBe("`back` will be away for about 3 s. The data stays.");
    expect(away("a time that depends on its size", "not known yet", "from now on")).toBe(
      "`db` will be away for a time that depends on its size; `back` will be away, for how long is not known yet; `front` will be away from now on. The data stays.",
    );
    expect(away("until the gateway is replaced too")).toMatch(/^`db` will be away until the gateway/);
  });

  it("says what a preview against an empty state cannot tell", () => {
    expect(comment(RELEASE, [], [], true)).toMatch(/without the stack's state and secrets/);
    expect(comment(RELEASE, [], [], true)).not.toMatch(/will be away/);
  });

  it("repeats the engine's warnings", () => {
    expect(comment(RELEASE, [], ["the plan <b>ends</b>"])).toContain(
      "> **Warning:** <code>the plan &#60;b&#62;",
    );
  });

  it("fits into what GitHub takes, and says where it was cut", () => {
    const diff = Array.from({ length: 5000 }, (_, index) => line(`line ${index} ${"é".repeat(40)}`));
    const text = comment(RELEASE, diff, []);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT);
    expect(Buffer.byteLength(text)).toBeGreaterThan(LIMIT - 200);
    const shown = text.split("\n").filter((entry) => entry.startsWith("! line")).length;
    expect(text).toContain(`_Cut here: ${5000 - shown} of 5000 lines do not fit in a comment.`);
    expect(text.trimEnd().endsWith("</details>")).toBe(true);
  });

  it("fits with hundreds of migrations of the longest and oddest names", () => {
    const names = Array.from({ length: 300 }, (_, index) => `+ V${index}__${"|<&>`*".repeat(40)}.sql`);
    const images = [{ name: "back", change: { from: "a", to: "b" }, why: names }];
    const data: DataChange[] = [{ ...MIGRATIONS, files: names }];
    const text = comment({ ...RELEASE, images, data }, Array(2000).fill(line("x".repeat(60))), []);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT);
    expect(/and 2\d\d more/.test(text)).toBe(true);
  });
});

describe("a preview that failed", () => {
  it("gives its errors as sentences", () => {
    expect(failure("prod", ["agatha:back.jar: it is not there. Build it."])).toBe(
      "### prod: the preview failed\n\nNothing was changed. What has to be fixed first:\n\n```text\nagatha:back.jar: it is not there. Build it.\n```\n",
    );
  });

  it("fits, and says how many errors it leaves out", () => {
    const text = failure("prod", Array(100).fill("x".repeat(5000)));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT);
    expect(text).toMatch(/_\d+ more errors do not fit in a comment/);
  });
});

/** What a renderer of GitHub's Markdown makes of it, in one line. */
const rendered = (markdown: string): string => String(marked.parse(markdown, { gfm: true })).trim();

const ODD = [
  "a|b",
  "`x`",
  "<img src=x onerror=y>",
  "</code></td><script>",
  "@team",
  "[x](http://y)",
  "*x* _x_ ~~x~~",
  "&lt;",
  "\\|",
  " # x",
  "V1__größe.sql",
  "V1__a.sql",
];

describe("names from outside", () => {
  const escaped = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  it.each(ODD)("%j stays one span of code in one cell", (text) => {
    const html = rendered(markdownTable(["a", "b"], [[code(text), "end"]])).replaceAll("&#39;", "'");
    const cells = [...html.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => decoded(cell ?? ""));
    expect(cells).toEqual([`<code>${escaped(text)}</code>`, "end"]);
  });

  it.each(ODD)("%j is text in text", (text) => {
    const html = decoded(rendered(markdownTable(["a"], [[plain(text)]])));
    expect(html).toContain(
      `<td>${escaped(text).trim().replace("@", "@\u200b").replace("#", "#\u200b")}</td>`,
    );
  });

  it("have neither line breaks nor marks that turn the direction of text", () => {
    expect(code("a\n## b\u202e")).toBe("<code>a&#65533;&#35;&#35; b&#65533;</code>");
    expect(plain("a\u0000b")).toBe("a&#65533;b");
  });

  it("end no block of code", () => {
    expect(block("diff", "a\n````\n</details>")).toBe("`````diff\na\n````\n</details>\n`````\n");
    expect(block("text", "a\u001b[31m\tb\n")).toBe("```text\na\ufffd[31m\tb\n```\n");
  });
});

/** Numbers of characters as the characters; `&lt;` and its like stay. */
const decoded = (html: string): string =>
  html.replace(/&#(\d+);/g, (_, number) => {
    const character = String.fromCodePoint(Number(number));
    return { "&": "&amp;", "<": "&lt;", ">": "&gt;" }[character] ?? character;
  });

describe("what Pulumi printed", () => {
  const diagnostics = [
    { severity: "warning", message: "using pulumi-resource-docker from $PATH at /x" },
    { severity: "warning", message: "the image is old\n" },
    { severity: "error", message: "error: agatha:back: is wrong.\n" },
  ];

  it("has no step for each resource that a refresh looked at: only what follows from it is a change", () => {
    const [looked, made] = [
      { op: "refresh", urn: "urn:x::db" },
      { op: "create", urn: "urn:x::db" },
    ];
    expect(readPreview(JSON.stringify({ steps: [looked, made] }, null, 4)).steps).toEqual([made]);
  });

  it("is read between the warnings around it; of those in it, the ones about plugins are left out", () => {
    const steps = [{ op: "same", urn: "urn:x::y" }];
    for (const space of [0, 4]) {
      const output = `warning: {odd}\n${JSON.stringify({ steps, diagnostics }, null, space)}\n`;
      expect(readPreview(output)).toEqual({ steps, warnings: ["the image is old"] });
      if (space > 0) expect(readPreview(`${output}warning: {late}\n`)).toMatchObject({ steps });
    }
  });

  it("has its errors, or is one as a whole", () => {
    expect(previewErrors(JSON.stringify({ diagnostics }))).toEqual(["agatha:back: is wrong."]);
    expect(previewErrors("error: no such stack\n")).toEqual(["error: no such stack"]);
  });
});
