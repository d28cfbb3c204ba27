/** The password of the database's role, with a psql that keeps what it is told. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { setPassword } from "../../../lib/database/password.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-password-"));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("keeps what the former one is checked against only for a back that logs in by it", async () => {
  vi.stubEnv("PATH", fake(folder, "docker", [`cat > '${folder}/told'`])["PATH"]);
  const told = async (keepFormer: boolean) => {
    await setPassword({ container: "c", user: "postgres" }, "new", keepFormer);
    return readFileSync(join(folder, "told"), "utf8");
  };
  const plain = await told(false);
  expect(plain).toContain("ALTER ROLE");
  expect(plain).not.toContain("pg_authid");
  const kept = await told(true);
  expect(kept).toMatch(/^select .* as first \\gset\n\\if :first\ncopy .*pg_authid.*\n\\endif\nSET /);
  expect(kept.endsWith(plain)).toBe(true);
});
