/** PostgreSQL's own settings: taken as they are written, but for those that the stack's own parts rely on. */
import { describe, expect, it } from "vitest";
import { databaseProcesses, settingArguments, settingsOf } from "../../../lib/config/databaseSettings.ts";
import { refusedSettings } from "../../../lib/database/serverSettings.ts";
import { errors, load } from "../../support/configuration.ts";

const settings = (given: object) => load({ database: { settings: given } }).database.settings;

describe("settings", () => {
  it("are kept as texts, and become arguments that are read back", () => {
    const given = {
      max_connections: 200,
      work_mem: "8MB",
      jit: false,
      log_line_prefix: "",
      "pg_stat_statements.track": "all",
      DateStyle: "ISO, DMY",
      "app.tenant": "a=b -c c",
    };
    const args = settingArguments(settings(given));
    expect(args.slice(0, 8)).toEqual([
      ...["-c", "max_connections=200", "-c", "work_mem=8MB", "-c", "jit=false", "-c", "log_line_prefix="],
    ]);
    expect(settingsOf(["postgres", ...args])).toEqual(
      Object.entries(given).map(([name, value]) => `${name}=${value}`),
    );
  });

  it.each(["port", "listen_addresses", "data_directory", "HBA_file", "unix_socket_directories"])(
    "do not take %s, which the stack relies on",
    (name) => {
      expect(errors({ database: { settings: { [name]: "x" } } })).toEqual([
        `agatha:database.settings.${name}: is set by this program, which relies on it. Remove it (database.publish publishes the port).`,
      ]);
    },
  );

  it.each([
    ["primary_conninfo", "x", /may hold a password/],
    ["max-connections", 1, /is not a setting's name\. Write it as PostgreSQL does/],
    ["-c", 1, /is not a setting's name/],
    ["a b", 1, /is not a setting's name/],
    ["work_mem", ["8MB"], /is not text, a number or a boolean/],
    ["work_mem", null, /is not text, a number or a boolean/],
    [
      "password_encryption",
      "MD5",
      /password_encryption md5, which PostgreSQL 14 and later accept in no login/,
    ],
    ["log_line_prefix", "x".repeat(40_000), /is longer than 32768 bytes in all/],
  ])("refuse %s with %j", (name, value, message) => {
    const [error = ""] = errors({ database: { settings: { [name]: value } } });
    expect(error).toMatch(/^agatha:database\.settings/);
    expect(error).toMatch(message);
  });

  it("are no secrets, which arguments do not keep", () => {
    const raw = { database: { settings: { work_mem: "hush" } } };
    expect(errors(raw, { secrets: ["database"] })).toEqual([
      "agatha:database: the value (not shown) is a secret, which arguments of a server do not keep. Set it without --secret; no setting may hold a password.",
    ]);
  });
});

it("the limit of processes has room for every connection and worker", () => {
  expect(databaseProcesses({})).toBe(256);
  expect(databaseProcesses({ Max_Connections: "400", max_worker_processes: "16" })).toBe(256 + 300 + 8);
  // Fewer of them leave the room for probes and backups.
  expect(databaseProcesses({ max_connections: "5", autovacuum_max_workers: "x" })).toBe(256);
});

describe("what PostgreSQL's parser says", () => {
  it("is reported with the key of each setting", () => {
    const printed = [
      '1 2026-11-28 15:00:06.508 UTC [1] FATAL: invalid value for parameter "max_connections": "abc"',
      '2 2026-11-28 15:00:06.508 GMT [1] FATAL: unrecognized configuration parameter "app.x y"',
      "3 2026-11-28 15:05:48.324 GMT [458] FATAL: bad 2026-11-28 15:05:48.324 GMT [458] DETAIL: Worse HINT: Available values: a, b.",
      "",
    ];
    expect(
      refusedSettings(["jit=on", "max_connections=abc", "foo=a=b", "wal_level="], printed.join("\n")),
    ).toEqual([
      'agatha:database.settings.max_connections: "abc" is refused by PostgreSQL: invalid value for parameter "max_connections": "abc". Correct or remove it.',
      'agatha:database.settings.foo: "a=b" is refused by PostgreSQL: unrecognized configuration parameter "app.x y". Correct or remove it.',
      'agatha:database.settings.wal_level: "" is refused by PostgreSQL: bad. Worse. Available values: a, b. Correct or remove it.',
    ]);
  });

  it("is nothing if it does not mention a setting", () => {
    expect(refusedSettings(["jit=on"], "Error: No such container: agatha-dev-db\n")).toEqual([]);
    expect(refusedSettings([], "")).toEqual([]);
  });
});
