import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readStackConfig } from "../../../lib/stacks/file.ts";
import { UserError } from "../../../lib/userError.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-stack-config-"));
const file = join(folder, "Pulumi.x.yaml");
afterAll(() => rmSync(folder, { recursive: true }));

const read = (stack: string, text: string, packages?: string) => {
  writeFileSync(file, text);
  return readStackConfig(stack, file, packages, () => true);
};

describe("a stack's configuration, read from its file", () => {
  it("takes values as Pulumi does, and needs no secret", () => {
    const config = read(
      "prod",
      'config:\n  agatha:packages: debian\n  agatha:back:\n    port: 9000\n    properties: { dbPassword: { secure: abc } }\n  agatha:databasePassword:\n    secure: xyz\n  other:key: "1"\n',
    );
    expect(config).toMatchObject({
      packages: "debian",
      back: { port: 9000, properties: { dbPassword: "a secret" } },
    });
  });

  it("is the defaults if the file is empty or missing", () => {
    for (const text of ["", "config:\n"]) expect(read("dev", text, "debian").packages).toBe("debian");
    expect(readStackConfig("dev", join(folder, "none"), "debian", () => true).back.port).toBe(8000);
  });

  it("is refused with the messages of the program", () => {
    const wrong = () => read("dev", "config:\n  agatha:packages: apt\n");
    expect(wrong).toThrow(UserError);
    expect(wrong).toThrow(/^agatha:packages: "apt" is not a package set\./);
  });

  // Its placeholder for the secret was in the command to run.
  it("keeps a flat secret secret", () => {
    expect(() => read("dev", "config:\n  agatha:registry.username: { secure: v1:abc }\n")).toThrow(
      "| pulumi config set --path --secret agatha:registry.username --stack dev",
    );
  });
});
