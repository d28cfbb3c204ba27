import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { nixError, planImages } from "../../../lib/images/evaluate.ts";
import { load } from "../../support/configuration.ts";

const failed = (stderr: string, code: number | null = 1, timedOut = false) =>
  nixError({ code, stderr, timedOut }, 60);

describe("a failed evaluation", () => {
  it("says that Nix is missing", async () => {
    vi.stubEnv("PATH", "/nonexistent");
    await expect(planImages(load({}))).rejects.toThrow(
      /^nix-instantiate: is not on PATH\. Run `npm run doctor`/,
    );
    vi.unstubAllEnvs();
  });

  it("shows Nix's last lines otherwise", () => {
    expect(failed("one\ntwo\nerror: out of memory")).toContain("error: out of memory");
  });

  // A kill by the limit was taken for an error of Nix, whose last line was empty.
  it("says that it was the time limit, and what to do", () => {
    expect(failed("unpacking...\n", null, true)).toMatch(
      /limit of 60 s and was stopped\. Run `npm run setup`/,
    );
  });

  it("is never an empty line", () => {
    expect(failed("\n", null)).toContain(
      "evaluated:\nnix-instantiate was ended by a signal and printed nothing.\n",
    );
  });
});

/** The name as the bytes of another encoding, which JavaScript's strings cannot have. */
const latin1 = (folder: string, name: string) =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);

describe("a name that is not UTF-8", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-names-"));
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  // Nix 2.8 passes it on, and the image's build failed; 2.26 ends with `invalid UTF-8 byte` from its JSON.
  it.each([
    ["{}", 0, ""],
    ["", 1, "error: JSON serialization error: invalid UTF-8 byte at index 4: 0x2E"],
  ])("is refused with the file's key and name, whatever Nix says: %j", async (out, code, err) => {
    for (const name of ["bin", "dist/icons", "sql"]) mkdirSync(join(folder, name), { recursive: true });
    const nix = join(folder, "bin/nix-instantiate");
    writeFileSync(nix, `#!/bin/sh\necho '${out}'\necho '${err}' >&2\nexit ${code}\n`);
    chmodSync(nix, 0o755);
    vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env["PATH"]}`);
    const [dist, migrations] = [join(folder, "dist"), join(folder, "sql")];
    const refused = (key: string, path: string, name: string) =>
      expect(planImages(load({ front: { dist }, back: { migrations } }))).rejects.toThrow(
        `agatha:${key}: "${path}" holds "${name}", whose name is not UTF-8. Rename it.`,
      );
    writeFileSync(latin1(migrations, "V2__caf\xe9.sql"), "");
    await refused("back.migrations", migrations, "V2__caf?.sql");
    writeFileSync(join(dist, "caf\u00e9.png"), "");
    writeFileSync(latin1(join(dist, "icons"), "caf\xe9.png"), "");
    await refused("front.dist", dist, "icons/caf?.png");
  });
});
