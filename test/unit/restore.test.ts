import { describe, expect, it } from "vitest";
import { requireSpace } from "../../lib/database/backup/target.ts";
import { differingRows, inNumbers, majorOf } from "../../lib/database/postgres.ts";
import { type Examined, judge } from "../../lib/database/restore/judge.ts";
import { missingRoles, rolesIn } from "../../lib/database/restore/roles.ts";

const sha256 = "b".repeat(64);
const good: Examined = {
  header: { database: "d", serverVersion: "13.14", dumpVersion: "15.8" },
  wanted: sha256,
  sha256,
};

describe("a dump", () => {
  it("of the same or an older PostgreSQL is restored, with or without a checksum beside it", () => {
    expect(judge("x.dump", good, "13.2")).toBe(good.header);
    expect(judge("x.dump", good, "17.2")).toBe(good.header);
    expect(judge("x.dump", { ...good, wanted: undefined }, "13.14")).toBe(good.header);
  });

  it.each<[string, Partial<Examined>, string, RegExp]>([
    [
      "that is damaged",
      { sha256: "c".repeat(64) },
      "13.14",
      /x\.dump is damaged: its checksum is c+, and x\.dump\.sha256 says b+\. Take/,
    ],
    [
      "whose checksum file is unreadable",
      { wanted: "unreadable" },
      "13.14",
      /is damaged: .* says unreadable/,
    ],
    [
      "that is none",
      { header: undefined },
      "13.14",
      /x\.dump is no dump in PostgreSQL's custom format\. Give/,
    ],
    ["of a newer major version", {}, "12.9", /from PostgreSQL 13\.14, and the stack has 12\.9: .* Bring/],
  ])("%s is refused", (_, change, server, message) => {
    expect(() => judge("x.dump", { ...good, ...change }, server)).toThrow(message);
  });
});

describe("room", () => {
  it("is refused with both numbers where it may not do", () => {
    expect(() => requireSpace("/mnt/x", 1_000_000, 2_500_000)).toThrow(
      "/mnt/x: has 1.0 MB free, and a backup takes up to 2.5 MB. Make room there, or set agatha:backups.to to another place.",
    );
    expect(() => requireSpace("/mnt/x", 2_500_000, 2_500_000)).not.toThrow();
  });
});

describe("counted rows", () => {
  it("are compared table by table, also where one has none", () => {
    const dump = new Map([
      ["public.a", 1],
      ["public.b", 2],
      ["public.none", 0],
    ]);
    expect(differingRows(dump, new Map(dump))).toEqual([]);
    expect(
      differingRows(
        dump,
        new Map([
          ["public.a", 1],
          ["public.b", 3],
          ["public.c", 4],
        ]),
      ),
    ).toEqual(["public.b: 2 and 3 rows", "public.c: no and 4 rows"]);
  });

  it("are told in numbers", () => {
    expect(inNumbers(new Map([["a", 1]]))).toBe("1 table, 1 row");
    expect(
      inNumbers(
        new Map([
          ["a", 1],
          ["b", 0],
          ["c", 7],
        ]),
      ),
    ).toBe("3 tables, 8 rows");
  });

  it.each([
    ["13.14", 13],
    ["17.2", 17],
    ["18beta1", 18],
  ])("of version %s belong to major %i", (version, major) => {
    expect(majorOf(version)).toBe(major);
  });
});

describe("the roles that a dump names", () => {
  const schema = `
ALTER TABLE public.budget OWNER TO postgres;
ALTER FUNCTION public."x OWNER TO y"() OWNER TO "Odd ""role""";
GRANT SELECT ON TABLE public.budget TO reader;
GRANT ALL ON SCHEMA public TO PUBLIC;
GRANT SELECT ON TABLE public.budget TO lender WITH GRANT OPTION;
REVOKE ALL ON TABLE public.budget FROM former;
ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA public GRANT SELECT ON TABLES TO viewer;
-- GRANT x TO nobody;
ALTER DATABASE app OWNER TO dba;
REVOKE CONNECT,TEMPORARY ON DATABASE app FROM PUBLIC;
GRANT CONNECT ON DATABASE app TO monitoring;
REVOKE GRANT OPTION FOR ALL ON DATABASE app FROM monitoring;
`;

  it("are its owners and grantees, but not everybody, nor whom the database alone names", () => {
    expect(rolesIn(schema)).toEqual([
      'Odd "role"',
      "former",
      "lender",
      "maker",
      "postgres",
      "reader",
      "viewer",
    ]);
  });

  it("are missing where the server does not have them", () => {
    expect(missingRoles(["a", "b"], ["b", "c"])).toEqual(["a"]);
  });
});
