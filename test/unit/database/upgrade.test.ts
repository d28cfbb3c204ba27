import { expect, it } from "vitest";
import { md5Note, withoutRole } from "../../../lib/database/upgrade/cluster.ts";

it("the roles' SQL does not make the role that is there, and keeps what is said of it", () => {
  const roles = ["CREATE ROLE postgres;", "ALTER ROLE postgres WITH SUPERUSER;", "CREATE ROLE postgres2;"];
  expect(withoutRole(roles.join("\n"), "postgres")).toBe(roles.slice(1).join("\n"));
});

it("nor if its name is quoted", () => {
  expect(withoutRole('CREATE ROLE "My ""Role";\nCREATE ROLE x;', 'My "Role')).toBe("CREATE ROLE x;");
});

it("an upgrade names the roles whose passwords are still md5, and is silent if there are none", () => {
  expect(md5Note([])).toBe("");
  expect(md5Note(["reader", "writer"])).toBe(
    ". Still kept as md5, and still good to log in with: the passwords of reader, writer. Set each again to have it kept by SCRAM (docs/postgresql-major.md)",
  );
});
