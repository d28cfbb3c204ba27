import { expect, it } from "vitest";
import { alterRole } from "../../../lib/database/sql.ts";

it("quotes role and password so that neither ends its quotes", () => {
  expect(alterRole('a"b', "it's \\'; DROP TABLE x; --")).toContain(
    `ALTER ROLE "a""b" PASSWORD E'it''s \\\\''; DROP TABLE x; --';`,
  );
});

it("keeps the statement out of the server's log before it is run", () => {
  const [first, second] = alterRole("r", "p").split("\n");
  expect(first).toMatch(/SET log_statement = 'none'.*SET log_min_error_statement = 'panic'/);
  expect(second).toMatch(/^ALTER ROLE/);
});
