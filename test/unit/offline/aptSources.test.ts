import { describe, expect, it } from "vitest";
import { sourcesOfSuite } from "../../../offline/aptSources.ts";

describe("apt's sources of another suite", () => {
  it("are those of this machine's own suite, its updates and its security updates", () => {
    const own = [
      "# A comment.",
      "Types: deb",
      "URIs: http://mirror.example/debian",
      "Suites: bookworm bookworm-updates bookworm-backports",
      "Components: main",
      "Signed-By: /usr/share/keyrings/debian.gpg",
      "",
      "Types: deb",
      "URIs: http://mirror.example/security",
      "Suites: bookworm-security",
      "Components: main",
    ].join("\n");
    expect(sourcesOfSuite(own, true, "bookworm", "trixie")).toBe(
      [
        "Types: deb",
        "URIs: http://mirror.example/debian",
        "Suites: trixie trixie-updates",
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian.gpg",
        "",
        "Types: deb",
        "URIs: http://mirror.example/security",
        "Suites: trixie-security",
        "Components: main",
        "",
      ].join("\n"),
    );
  });

  it("leave out what is for something else, is off, or holds sources alone", () => {
    const stanza = (lines: string[]) => ["URIs: http://mirror.example/x", ...lines].join("\n");
    for (const lines of [
      ["Types: deb", "Suites: nodistro"],
      ["Types: deb", "Suites: bookwormish"],
      ["Types: deb-src", "Suites: bookworm"],
      ["Types: deb", "Suites: bookworm", "Enabled: no"],
    ])
      expect(sourcesOfSuite(stanza(lines), true, "bookworm", "trixie"), lines.join()).toBe("");
  });

  it("keep a line's options, and read no comment", () => {
    const own = [
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib",
      "# deb http://mirror.example/debian bookworm main",
      "deb-src http://mirror.example/debian bookworm main",
      "deb http://other.example/apt other-bookworm main",
    ].join("\n");
    expect(sourcesOfSuite(own, false, "bookworm", "trixie")).toBe(
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main contrib\n",
    );
  });
});
