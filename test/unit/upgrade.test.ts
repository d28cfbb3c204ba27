import { expect, it } from "vitest";
import { withoutRole } from "../../steps/upgrade/cluster.ts";

it("the roles' SQL does not make the role that is there, and keeps what is said of it", () => {
  const roles = ["CREATE ROLE postgres;", "ALTER ROLE postgres WITH SUPERUSER;", "CREATE ROLE postgres2;"];
  expect(withoutRole(roles.join("\n"), "postgres")).toBe(roles.slice(1).join("\n"));
});

it("nor where its name is quoted", () => {
  expect(withoutRole('CREATE ROLE "My ""Role";\nCREATE ROLE x;', 'My "Role')).toBe("CREATE ROLE x;");
});
