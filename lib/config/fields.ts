/** The kinds of values that the configuration is made of, each with the message for another value. */
import { constants } from "node:os";
import { z } from "zod";
import { duration } from "../duration.ts";
import { sshPlace } from "../sshUrl.ts";

/** Longest path and name of a file in Linux, in bytes (PATH_MAX, NAME_MAX). */
const PATH_BYTES = 4095;
const NAME_BYTES = 255;

/** Longest argument or variable that Linux hands to a program (MAX_ARG_STRLEN), less the room for a name. */
const ARGUMENT_BYTES = 131_072 - 1024;

/** All variables of a container, in bytes: a program's arguments and variables may take 2 MB. */
const ENVIRONMENT_BYTES = 1_000_000;

/** Longest list of options or modules, as JSON: it is part of one argument of Nix. */
const LIST_BYTES = 32_768;

const bytes = (value: string): number => Buffer.byteLength(value);

/** A refinement of how long a value is, as JSON. */
export const atMostBytes = (most: number, fix = "Shorten it.") =>
  [
    (value: unknown) => bytes(JSON.stringify(value)) <= most,
    `is longer than ${most} bytes in all. ${fix}`,
  ] as const;

/** A text of one form. */
export const like = (form: RegExp, message: string) => z.string(message).regex(form, message);

/** A text that is right by a test of ours. */
const suits = (isRight: (value: string) => boolean, message: string) =>
  z.string(message).refine(isRight, message);

/** Zod's own `min` and `max` look at the `length` of an object, too, and throw at an odd one: hence refinements. */
export const text = (what: string, fix: string) =>
  z
    .string(`is not ${what}. ${fix}`)
    .refine((value) => value !== "", `is empty. ${fix}`)
    .refine((value) => bytes(value) <= PATH_BYTES, `is longer than ${PATH_BYTES} bytes. ${fix}`);

/** A list that has to fit into an argument. */
export const words = <Word extends z.ZodType>(word: Word, what: string) =>
  z.array(word, what).refine(...atMostBytes(LIST_BYTES));

/** A signal that Linux has, by its name. */
export const signal = suits(
  (name) =>
    Object.hasOwn(constants.signals, name) ||
    /^SIGRTM(IN(\+([1-9]|1[0-5]))?|AX(-([1-9]|1[0-4]))?)$/.test(name),
  "is not a signal. Write it like SIGTERM.",
);

/** A whole number, with one message for whatever else. */
export const whole = (least: number, most: number, message: string) =>
  z.int(message).min(least, message).max(most, message);

export const port = whole(1, 65535, "is not a port. Use a whole number from 1 to 65535.");

/** @param what Follows "is not". */
export const between = (
  least: number,
  most: number,
  what: string,
  type: (message: string) => z.ZodNumber = z.int,
) =>
  type(`is not ${what}`)
    .min(least, `is too small. Give at least ${least}.`)
    .max(most, `is too large. Give at most ${most}.`);

export const megabytes = between(16, 1_048_576, "a memory limit. Give whole megabytes, like 512.");

/** A number, or a text of one: `pulumi config set --path` writes whole numbers as numbers, and 0.5 as a text. */
export const processors = z.preprocess(
  (value) => (typeof value === "string" && /^\d+\.\d+$/.test(value) ? Number(value) : value),
  between(0.1, 1024, "a number of processors. Write it like 2 or 0.5.", z.number),
);

export const period = suits(
  (value) => duration(value) !== undefined,
  'is not a duration. Write it like "5s", "500ms" or "1m30s".',
).transform((value) => duration(value) as string);

const address = z
  .union(
    [z.ipv4(), z.ipv6()],
    'is not an IP address. Use "127.0.0.1" (this host only) or "0.0.0.0" (everybody).',
  )
  .default("127.0.0.1");

/** @param external The default port. Without it, the service is not published by default. */
export const publish = (external?: number) =>
  z
    .union(
      [
        z.literal(false),
        z.strictObject({ address, port: external === undefined ? port : port.default(external) }),
      ],
      "is neither false nor a map. Write its port below it, or false.",
    )
    .default(external === undefined ? false : { address: "127.0.0.1", port: external });

/** Whether a text is a path of plain names: none empty, none that climbs, none too long. */
const plainNames = (path: string): boolean =>
  bytes(path) <= PATH_BYTES - NAME_BYTES &&
  path.split("/").every((name) => name !== "" && name !== "." && name !== ".." && bytes(name) <= NAME_BYTES);

export const containerPath = suits(
  (path) => path.startsWith("/") && plainNames(path.slice(1)),
  "is not an absolute path in the container. Write it like /home/logback.xml.",
)
  // The folder of a file becomes a volume: the root cannot be one, and these are docker's or the program's.
  .regex(
    /^\/[^/]+\//,
    "is in the root folder, which is read-only. Put it into a folder, like /home/logback.xml.",
  )
  .regex(
    /^(?!\/(proc|sys|dev|tmp|run|nix)\/)/,
    "is where files cannot be put (/proc, /sys, /dev, /tmp, /run, /nix). Put it into another folder, like /home.",
  );

const NOT_SERVED = "is not a path below the front's folder. Write it like properties.js.";
export const servedPath = suits(plainNames, NOT_SERVED);

export const fileContent = z.union(
  [
    z.strictObject({ file: text("a path", "Name a file of this project.") }),
    z.strictObject({ text: z.string() }),
  ],
  "is neither { file: PATH } nor { text: CONTENT }. Give one of the two.",
);

/** How a service says that it is ready: what its path answers. */
export const health = (path: string, startPeriod: string) =>
  z
    .strictObject({
      path: like(/^\/[!-~]{0,2000}$/, "is not a URL path. Write it like /health.").default(path),
      statuses: words(
        whole(100, 599, "is not an HTTP status. Write it like 200."),
        "is not a list. Write it like [200, 204].",
      )
        .refine((list) => list.length > 0, "is empty. Name at least one HTTP status, like 200.")
        .default([200]),
      /** Time between two probes. */
      interval: period.default("5s"),
      /** Time in which failing probes do not count. */
      startPeriod: period.default(startPeriod),
    })
    .prefault({});

export type Health = z.infer<ReturnType<typeof health>>;

/** Labels of at most 63 characters, the last one no number: not an IP address. */
export const domain = like(
  /^(?=.{1,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)*(?!\d+$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i,
  "is not a domain. Write it like app.example.org, without https:// and without a port.",
).transform((name) => name.toLowerCase());

/** A server that containers reach: their own loopback leads nowhere. */
export const serverName = like(
  /^(?=.{1,253}$)(\w([\w.-]*\w)?|[\da-f]*:[\da-f:.]+)$/i,
  "is not a server's name or address. Write it like db.example.org.",
).refine(
  (name) => !/^(localhost|127\..*|::1)$/i.test(name),
  "is the container itself, to whoever connects from one. Name an address of the server that containers reach.",
);

/** Characters of a URL's path (RFC 3986), as they are sent. */
export const urlPath = like(
  /^\/[\w.~!$&'()*+,;=:@%/-]{0,500}$/,
  "is not a URL path. Write it like /api, with the leading slash.",
);

/** The text of a PEM file. @param block What one of its blocks is. @param set How it is set, behind `pulumi config set`. */
export const pem = (block: "CERTIFICATE" | "PRIVATE KEY", set: string) =>
  like(
    RegExp(`-----BEGIN (?:[A-Z]+ )*${block}-----`),
    `is not a ${block.toLowerCase()}. Set the text of its PEM file: \`pulumi config set ${set}\`.`,
  );

export const scalar = z
  .union([z.string(), z.number(), z.boolean()], "is not text, a number or a boolean. Write one value a name.")
  .refine(
    // Read as a number, it has lost its last digits already.
    (value) => typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER,
    "is too large a number to be kept as it is. Write it in quotes.",
  )
  .transform(String);

/** A value of an environment variable. */
const variable = scalar
  .refine(
    (value) => bytes(value) <= ARGUMENT_BYTES,
    `is longer than ${ARGUMENT_BYTES} bytes. Hand it over as a file (back.files).`,
  )
  .refine(
    // Docker's provider brings values into that form.
    (value) => value.normalize() === value,
    "is not in Unicode's composed form (NFC), and would be changed. Write it in that form, or hand it over as a file (back.files).",
  );

export const environment = z
  .record(
    like(/^[A-Za-z_][A-Za-z0-9_.]{0,254}$/, "is not a variable's name. Use letters, digits and _."),
    variable,
  )
  .refine(...atMostBytes(ENVIRONMENT_BYTES, "Hand some of it over as files (back.files)."));

export const sqlName = like(
  /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/,
  "is not a plain SQL name. Use up to 63 letters, digits and _, and begin with no digit.",
);

export const roleName = sqlName.refine(
  (name) => !name.startsWith("pg_"),
  'begins with "pg_", which PostgreSQL keeps for itself. Choose another name.',
);

const BACKUP_PLACE = "Write a folder's path, or ssh://user@host/path (no password: ssh has its keys).";

export const backupPlace = text("a place for backups", BACKUP_PLACE).refine(
  (value) => !/^\w+:\/\//.test(value) || sshPlace(value) !== undefined,
  `is not a place for backups. ${BACKUP_PLACE}`,
);

/** Most tasks of a service: the gateway has a place for each, and for those that take over. */
export const MOST_REPLICAS = 20;

const REPLICAS = "a number of replicas. Give a whole number, like 3.";
export const replicas = between(1, MOST_REPLICAS, REPLICAS).default(1);

/** Labels of the nodes that tasks may run on, by name, as `docker node update --label-add` takes them. */
export const placement = z
  .record(
    like(/^[a-zA-Z\d][\w.-]{0,62}$/, "is not a node label's name. Write it like zone."),
    scalar.pipe(like(/^[\w.-]{1,63}$/, "is not a node label's value. Use letters, digits, dots and dashes.")),
  )
  .default({});

/** A store hash: 32 characters of Nix's base 32, which has no e, o, t and u. */
export const tag = like(
  /^[0-9abcdfghijklmnpqrsvwxyz]{32}$/,
  "is not a tag. Give all 32 characters of one that `npm run history` lists.",
);

export const dockerHost = like(
  /^(unix:\/\/\/|ssh:\/\/|tcp:\/\/)./,
  'is not a docker host. Write it like "unix:///var/run/docker.sock", "ssh://user@host" or "tcp://host:2376".',
);
