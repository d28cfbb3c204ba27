import { expect, it } from "vitest";
import { liveNow, unsettled, words } from "../../lib/database/restore/outcome.ts";
import { UserError } from "../../lib/userError.ts";

const database = { container: "0123456789abcdef", user: "postgres", name: "docker_agatha_db" };

it("after an exchange, it is said that the dump's data is live, where the other is, and how to drop it", () => {
  const told = liveNow(database, true);
  expect(told).toContain("The dump's data is live, in database docker_agatha_db.");
  expect(told).toContain("kept beside it, in database agatha_replaced");
  expect(told).toContain(
    '`docker exec 0123456789ab psql -U postgres -d docker_agatha_db -c "drop database agatha_replaced"`',
  );
});

it("nothing is said to be kept that was dropped", () => {
  expect(liveNow(database, false)).toBe("The dump's data is live, in database docker_agatha_db.");
});

it("where the database does not answer, nothing is claimed, and it is said how to look", () => {
  const told = unsettled(database, "interrupted", "no such container");
  expect(told).toMatch(
    /^restore: interrupted\. Which data is live could not be asked: no such container\. Look/,
  );
  expect(told).not.toContain("as it was");
});

it("an error's words come without the command's name and the full stop", () => {
  expect(words(new UserError("restore: it failed."))).toBe("it failed");
  expect(words("it failed")).toBe("it failed");
});
