import { describe, expect, it } from "vitest";
import { factsAgainst, namesAgainst } from "../../scripts/lib/adopt/checks.ts";
import { parseNames } from "../../scripts/lib/adopt/names.ts";
import { differingFiles, isMountOf, parseSums, type Source } from "../../scripts/lib/adopt/source.ts";

describe("data that is to be taken over", () => {
  const good = { version: "13", bytes: 1, running: false, links: [] };
  const against = (facts: object, users: string[] = [], wanted = 13) =>
    factsAgainst("./db_data", { ...good, ...facts }, users, wanted);

  it("is taken where nothing speaks against it, also after a crash", () => {
    expect(against({})).toBeUndefined();
    expect(against({ running: true })).toBeUndefined();
  });

  it.each<[string, string | undefined, RegExp]>([
    ["no data", against({ version: "" }), /holds no data of PostgreSQL \(no PG_VERSION\)/],
    ["a server on it", against({}, ["container x"]), /is in use by container x\. Stop it first/],
    ["parts elsewhere", against({ links: ["pg_tblspc/1"] }), /has parts elsewhere \(pg_tblspc\/1\)/],
    [
      "another version that runs here",
      against({ version: "16" }),
      /PostgreSQL 16, and agatha:database\.version is 13\. Set it: `pulumi config set --path agatha:database\.version 16`/,
    ],
    ["a version that does not", against({ version: "9.6" }), /PostgreSQL 9\.6, .* Move by dump and restore/],
  ])("is refused: %s", (_, sentence, expected) => expect(sentence).toMatch(expected));

  it("has to have the database and the role of the configuration", () => {
    const names = { databases: ["app", "postgres"], roles: ["app"], superusers: ["app"] };
    const look = (name: string, user: string) =>
      namesAgainst("./db_data", names, { database: { name, user } } as Parameters<typeof namesAgainst>[2]);
    expect(look("app", "app")).toBeUndefined();
    expect(look("docker_agatha_db", "postgres")?.split("\n")).toEqual([
      'agatha:database.name: database "docker_agatha_db" is not in ./db_data, which has app, postgres. Set it: `pulumi config set --path agatha:database.name NAME`.',
      'agatha:database.user: role "postgres" is not in ./db_data, which has app. Set it: `pulumi config set --path agatha:database.user NAME`.',
    ]);
  });

  it("has to have it as a superuser, which sets its password without a trace in the log", () => {
    const names = { databases: ["app"], roles: ["app", "postgres"], superusers: ["postgres"] };
    const database = { name: "app", user: "app" } as Parameters<typeof namesAgainst>[2]["database"];
    expect(namesAgainst("./db_data", names, { database })).toMatch(
      /^agatha:database\.user: role "app" is no superuser in \.\/db_data, .* Name one that is \(postgres\)/,
    );
    expect(namesAgainst("./db_data", names, { database: { ...database, user: "postgres" } })).toBeUndefined();
  });

  it("tells its names in what a server without clients prints", () => {
    const row = (value: string, prompt = "") =>
      `${prompt}\t 1: x = "${value}"\t(typeid = 25, len = -1, typmod = -1, byval = f)\n\t----\n`;
    const text = `\nPostgreSQL stand-alone backend 13.14\nbackend> \t 1: x\t(typeid = 25)\n\t----\n${row("dpostgres")}${row('da "b"')}${row("rreader")}${row("spostgres", "backend> ")}`;
    expect(parseNames(text)).toEqual({
      databases: ['a "b"', "postgres"],
      roles: ["reader"],
      superusers: ["postgres"],
    });
  });
});

describe("a container's mount", () => {
  const folder: Source = { kind: "folder", name: "/srv/app/db_data" };
  const bind = (path: string) => isMountOf({ Type: "bind", Source: path }, folder);

  it("is the folder, a part of it, or around it", () => {
    for (const path of ["/srv/app/db_data", "/srv/app", "/", "/srv/app/db_data/base"])
      expect(bind(path), path).toBe(true);
    for (const path of ["/srv/app/db_data2", "/srv/other", "/srv/app/db"])
      expect(bind(path), path).toBe(false);
  });

  it("is the volume by its name", () => {
    const volume: Source = { kind: "volume", name: "pgdata" };
    expect(isMountOf({ Type: "volume", Name: "pgdata" }, volume)).toBe(true);
    expect(isMountOf({ Type: "volume", Name: "pgdata2" }, volume)).toBe(false);
    expect(isMountOf({ Type: "bind", Source: "pgdata" }, volume)).toBe(false);
  });
});

it("files that changed, came or went are found by their sums", () => {
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  const before = parseSums(`${a}  ./base/1/2\n${a}  ./gone\n${a}  ./x y\n`);
  expect([...before.keys()]).toEqual(["base/1/2", "gone", "x y"]);
  expect(differingFiles(before, parseSums(`${b}  ./base/1/2\n${a}  ./come\n${a}  ./x y\n`))).toEqual([
    "base/1/2",
    "come",
    "gone",
  ]);
});
