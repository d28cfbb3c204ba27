/** Reads a dump as SQL text, as pg_dump and pg_restore write it: what is in it, and what it needs of a server. */
import { quoted } from "../config/text.ts";
import type { Applied } from "./migrations/schemaHistory.ts";
import { type Rows, unquoted } from "./postgres.ts";

const NEWLINE = 10;

/** Longest beginning of a line that is kept, in bytes: a COPY statement of 1600 columns fits, a row need not. */
const KEPT = 1 << 20;

const NAME = '"(?:[^"]|"")+"|[^".,;\\s()]+';
const NAMES = new RegExp(NAME, "g");
const COPY = new RegExp(`^COPY (?:(${NAME})\\.)?(${NAME})\\s+(?:\\((.*)\\) )?FROM stdin;$`);
/** pg_dump before 10.3 names no schema in what follows. */
const SEARCH_PATH = new RegExp(`^SET search_path = (${NAME})[,;]`);
const EXTENSION = new RegExp(`^CREATE EXTENSION (?:IF NOT EXISTS )?(${NAME})`);
/** Of the database itself: a restore replaces these names. */
const OF_DATABASE = /^(?:ALTER DATABASE|(?:GRANT|REVOKE) [A-Z, ]+ ON DATABASE) /;
const ROLES = [
  new RegExp(`^ALTER .* OWNER TO (${NAME});$`),
  new RegExp(`^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .* (?:TO|FROM) (${NAME})(?: WITH GRANT OPTION)?;$`),
  new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE (${NAME}) `),
  new RegExp(`^CREATE POLICY .*? TO ((?:${NAME})(?:, (?:${NAME}))*)(?: USING | WITH CHECK |;$)`),
  new RegExp(`^CREATE USER MAPPING FOR (${NAME}) SERVER `),
  new RegExp(`^SET SESSION AUTHORIZATION (${NAME});$`),
];
/** Words that stand where a role's name may, and are none. */
const NO_ROLES = ["PUBLIC", "public", "DEFAULT", "CURRENT_USER"];
/** What `--clean` begins with. */
const DROP = /^(?:DROP (?!DATABASE )|ALTER TABLE .* DROP CONSTRAINT )/;
/** What psql would do on its own; in restricted mode, newer versions refuse it. */
const OF_PSQL = /^\\(?:!|(?:c|cd|connect|copy|g|i|include|include_relative|ir|o|out|s|setenv|w|write)\b)/;

export class DumpText {
  /** Rows by table, of those that are written as COPY. */
  readonly rows: Rows = new Map();
  /** Bytes of SQL text: what the rows take without indexes, about. */
  bytes = 0;
  /** Whether rows are INSERT statements, which are not counted. */
  inserts = false;
  /** Roles that own something, or are granted or denied something. */
  readonly roles = new Set<string>();
  readonly extensions = new Set<string>();
  /** Rows of Flyway's schema history; undefined if there is no such table, or its rows are INSERTs. */
  history: Applied[] | undefined;
  /** Of the server that it was taken from: `13.14`. */
  serverVersion = "";
  /** Its name and locale, if it was taken with `--create`, and the encoding of the text. */
  readonly database = { name: "", encoding: "", locale: "" };
  /** What comes before the first object: the settings of the database are there, with `--create`. */
  head = "";
  /** Where the statements for the database itself end and those for its contents begin, in bytes. */
  start = 0;
  /** What `\restrict` and `\unrestrict` are followed by; empty in the dumps of older versions. */
  token = "";
  /** Whether `CREATE SCHEMA public` comes without a DROP before it (`pg_dump --schema=public`). */
  createsPublic = false;
  /** Whether its last line is there. */
  whole = false;
  /** Why it cannot be restored, and the fix. */
  refused: string | undefined;

  private table: string | undefined;
  private count = 0;
  private historyColumns: string[] | undefined;
  private schema = "public";
  private dropsPublic = false;
  private inHead = true;
  private ofRows = false;
  private lines = 0;
  /** Bytes up to the end of the line that is read. */
  private at = 0;
  /** The beginning of a line that is not at its end yet. */
  private begun: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const part = chunk.subarray(from, end);
      this.at = this.bytes + end + 1;
      this.line(this.begun.length === 0 ? part : Buffer.concat([this.begun, part]));
      this.begun = Buffer.alloc(0);
      from = end + 1;
    }
    this.bytes += chunk.length;
    if (from < chunk.length && this.begun.length < KEPT)
      this.begun = Buffer.concat([this.begun, chunk.subarray(from)]);
  }

  private line(line: Buffer): void {
    this.lines += 1;
    if (this.table === undefined) this.statement(line.toString("utf8"));
    // The end of the rows; in a row, a backslash never stands alone.
    else if (line.length === 2 && line.toString("latin1") === "\\.") {
      this.rows.set(this.table, this.count);
      this.table = undefined;
    } else {
      this.count += 1;
      if (this.historyColumns !== undefined)
        this.history?.push(applied(this.historyColumns, line.toString("utf8")));
    }
  }

  private statement(text: string): void {
    if (this.inHead) this.readHead(text);
    const copy = COPY.exec(text);
    if (copy !== null) this.beginRows(copy);
    else if (text.startsWith("-- ")) this.title(text);
    else if (text.startsWith("\\")) this.ofPsql(text);
    else if (text.startsWith("INSERT INTO ")) this.inserts ||= this.ofRows;
    else this.ofSchema(text);
  }

  private ofSchema(text: string): void {
    if (/^DROP SCHEMA IF EXISTS public;/.test(text)) this.dropsPublic = true;
    if (text === "CREATE SCHEMA public;") this.createsPublic = !this.dropsPublic;
    this.schema = SEARCH_PATH.exec(text)?.[1] ?? this.schema;
    const extension = EXTENSION.exec(text)?.[1];
    if (extension !== undefined) this.extensions.add(unquoted(extension));
    if (OF_DATABASE.test(text)) return;
    for (const form of ROLES)
      for (const name of form.exec(text)?.[1]?.match(NAMES) ?? [])
        if (!NO_ROLES.includes(name)) this.roles.add(unquoted(name));
  }

  private readHead(text: string): void {
    if (/^(CREATE (?!DATABASE )|COPY )/.test(text)) this.inHead = false;
    else this.head += `${text}\n`;
    if (DROP.test(text) && !text.includes("IF EXISTS"))
      this.refused ??=
        "was taken with --clean, and begins by dropping what is not there. Take it with --if-exists too, or without --clean";
    const { database } = this;
    database.encoding ||= /^SET client_encoding = '(.*)';$/.exec(text)?.[1] ?? "";
    const [, name, options = ""] = new RegExp(`^CREATE DATABASE (${NAME}) WITH (.*);$`).exec(text) ?? [];
    if (name === undefined) return;
    database.name = unquoted(name);
    database.locale = /(?:LC_COLLATE|\bLOCALE) = '(.*?)'/.exec(options)?.[1] ?? "";
  }

  /** The comments that pg_dump writes above each object, and at its beginning and end. */
  private title(text: string): void {
    this.serverVersion ||= /^-- Dumped from database version (\S+)/.exec(text)?.[1] ?? "";
    if (text === "-- PostgreSQL database dump complete") this.whole = true;
    if (/^-- (Data for )?Name: /.test(text)) this.ofRows = text.startsWith("-- Data for ");
  }

  private ofPsql(text: string): void {
    this.token ||= /^\\restrict (\w+)$/.exec(text)?.[1] ?? "";
    if (text.startsWith("\\connect ") && this.inHead) this.start = this.at;
    else if (OF_PSQL.test(text))
      this.refused ??= `has a command of psql in line ${this.lines}, ${quoted(text)}, which could reach other databases and files. Take it with pg_dump -Fc, one file for each database`;
  }

  private beginRows([, schema, table = "", columns = ""]: RegExpExecArray): void {
    this.table = `${unquoted(schema ?? this.schema)}.${unquoted(table)}`;
    this.count = 0;
    const isHistory = table === "flyway_schema_history";
    this.historyColumns = isHistory ? columns.split(", ") : undefined;
    if (isHistory) this.history = [];
  }
}

/** A row of the schema history from its line in a COPY. */
function applied(columns: string[], line: string): Applied {
  const values = line.split("\t").map((text) => (text === "\\N" ? null : text.replaceAll("\\\\", "\\")));
  const value = (column: string) => values[columns.indexOf(column)] ?? null;
  const checksum = value("checksum");
  return {
    version: value("version"),
    script: value("script") ?? "",
    type: value("type") ?? "",
    checksum: checksum === null ? null : Number(checksum),
    success: value("success") === "t",
  };
}
