import { describe, expect, it } from "vitest";
import { diffInMarkdown, diffInText, readDiff, shorten } from "../../../lib/previews/diff.ts";

const hash = (letter: string) => letter.repeat(32);

const CHANGED = `Previewing update (dev):
warning: using pulumi-resource-docker from $PATH at /usr/bin/pulumi-resource-docker
  pulumi:pulumi:Stack: (same)
    [urn=urn:pulumi:dev::agatha::pulumi:pulumi:Stack::agatha-dev]
    +-command:local:Command: (replace)
        [id=back-image-build1]
        [urn=urn:pulumi:dev::agatha::agatha:index:NixImage$command:local:Command::back-image-build]
        [provider=urn:pulumi:dev::agatha::pulumi:providers:command::default_1_2_1::7f4394cf]
        create     : "node steps/build-image.ts"
      ~ environment: {
          + ABSENT_AT: "2026-11-24T23:10:07.071Z"
          + AHEAD    : (json) {
              + from  : 13
              + seenAt: "2026-11-24T23:10:07.071Z"
            }
            PROBE    : (json) [
                [0]: "/bin/agatha-probe"
            ]

          ~ REF      : "agatha-back-image:${hash("a")}" => "agatha-back-image:${hash("b")}"
        }
        logging    : "stdout"
      ~ triggers   : [
          ~ [0]: {
                  ~ migrations: {
                      + V9__x.sql: "sha256:${"1".repeat(64)}"
                    }
                }
        ]
    ~ docker:index/container:Container: (update)
        [id=${"2".repeat(64)}]
        [urn=urn:pulumi:dev::agatha::agatha:index:DockerService$docker:index/container:Container::db-container]
      ~ memory: 512 => 400
    --outputs:--
  ~ images: {
      ~ back: {
          ~ drvPath: "/nix/store/${hash("a")}-x.drv" => "/nix/store/${hash("b")}-x.drv"
          ~ ref    : "agatha-back-image:${hash("a")}" => "agatha-back-image:${hash("b")}"
        }
        db  : {
            sizeBytes: 1
        }
    }
Resources:
    ~ 1 to update
    +-1 to replace
    2 changes. 20 unchanged
`;

const CREATED = `Previewing update (dev):
+ pulumi:pulumi:Stack: (create)
    [urn=urn:pulumi:dev::agatha::pulumi:pulumi:Stack::agatha-dev]
    + docker:index/network:Network: (create)
        [urn=urn:pulumi:dev::agatha::docker:index/network:Network::network]
        labels    : [
            [0]: {
                label     : "agatha.stack"
            }
        ]
        name      : "agatha-dev-network"
    --outputs:--
    frontUrl: "http://127.0.0.1:5173"
Resources:
    + 2 to create
`;

describe("Pulumi's diff", () => {
  it("keeps what changes and what it lies in, by the names of the program", () => {
    expect(diffInText(readDiff(CHANGED))).toBe(`\
+- back-image-build (command:Command): replace
~    environment:
+      AHEAD:
+        from: 13
~      REF: "agatha-back-image:aaaaaaaa…" => "agatha-back-image:bbbbbbbb…"
~    triggers:
~      [0]:
~        migrations:
+          V9__x.sql: "sha256:11111111…"
~  db-container (docker:Container): update
~    memory: 512 => 400
   outputs:
~    images:
~      back:
~        ref: "agatha-back-image:aaaaaaaa…" => "agatha-back-image:bbbbbbbb…"
`);
  });

  it("has all inputs of what is made anew", () => {
    expect(diffInText(readDiff(CREATED))).toBe(`\
+  agatha-dev (pulumi:Stack): create
+  network (docker:Network): create
     labels:
       [0]:
         label: "agatha.stack"
     name: "agatha-dev-network"
   outputs:
     frontUrl: "http://127.0.0.1:5173"
`);
  });

  it("is nothing where nothing changes", () => {
    expect(readDiff(CHANGED.split("\n").slice(0, 4).join("\n"))).toEqual([]);
  });

  it("has its marks at the start of the line, where GitHub colours them", () => {
    expect(diffInMarkdown(readDiff(CHANGED)).split("\n").slice(0, 9)).toEqual([
      "! back-image-build (command:Command): replace",
      "!   environment:",
      "+     AHEAD:",
      "+       from: 13",
      '!     REF: "agatha-back-image:aaaaaaaa…" => "agatha-back-image:bbbbbbbb…"',
      "!   triggers:",
      "!     [0]:",
      "!       migrations:",
      '+         V9__x.sql: "sha256:11111111…"',
    ]);
  });
});

it.each([
  [`/nix/store/${hash("a")}-agatha-back/bin/x`, "agatha-back/bin/x"],
  [`agatha-back-image:migrations-${hash("c")}`, "agatha-back-image:migrations-cccccccc…"],
  [`"${"f".repeat(64)}"`, '"ffffffff…"'],
  ["a word, 17.0.15 and sha256:abc", "a word, 17.0.15 and sha256:abc"],
])("%s is shortened to what tells it apart", (text, short) => {
  expect(shorten(text)).toBe(short);
});
