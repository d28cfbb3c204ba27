/** The kinds of values that the configuration is made of, each with what it says when it is given another. */
import { constants } from "node:os";
import { z } from "zod";
import { duration } from "../duration.ts";
import { sshPlace } from "../sshUrl.ts";

/** Longest path of Linux, in bytes (PATH_MAX). */
const PATH_BYTES = 4095;

/** Longest name of a file in Linux, in bytes (NAME_MAX). */
const NAME_BYTES = 255;

/** Longest argument or variable that Linux hands to a program (MAX_ARG_STRLEN), less the room for a name. */
const ARGUMENT_BYTES = 131_072 - 1024;

/** All variables of a container, in bytes: a program's arguments and variables may take 2 MB. */
const ENVIRONMENT_BYTES = 1_000_000;

/** Longest list of options or modules, as JSON: it is part of one argument of Nix. */
const LIST_BYTES = 32_768;

const bytes = (value: string): number => Buffer.byteLength(value);

/**
 * Refinements of how long a text or list is. Zod's own checks look at the `length` of what is neither, too, and throw
 * where that is an object.
 */
export const atLeast = (least: number, message: string) =>
  [(value: { length: number }) => value.length >= least, message] as const;
export const atMost = (most: number, message: string) =>
  [(value: { length: number }) => value.length <= most, message] as const;

export const text = (what: string, fix: string) =>
  z
    .string(`is not ${what}. ${fix}`)
    .refine(...atLeast(1, `is empty. ${fix}`))
    .refine((value) => bytes(value) <= PATH_BYTES, `is longer than ${PATH_BYTES} bytes. ${fix}`);

/** A list that has to fit into an argument. */
export const words = <Word extends z.ZodType>(word: Word, what: string) =>
  z
    .array(word, what)
    .refine(
      (list) => bytes(JSON.stringify(list)) <= LIST_BYTES,
      `is longer than ${LIST_BYTES} bytes in all. Shorten it.`,
    );

/** A signal that Linux has, by its name. */
export const signal = z
  .string("is not a signal. Write it like SIGTERM.")
  .refine(
    (name) =>
      Object.hasOwn(constants.signals, name) ||
      /^SIGRTM(IN(\+([1-9]|1[0-5]))?|AX(-([1-9]|1[0-4]))?)$/.test(name),
    "is not a signal. Write it like SIGTERM.",
  );

export const port = z
  .int("is not a port. Use a whole number from 1 to 65535.")
  .min(1, "is not a port. Use a whole number from 1 to 65535.")
  .max(65535, "is not a port. Use a whole number from 1 to 65535.");

export const megabytes = z
  .int("is not a memory limit. Give whole megabytes, like 512.")
  .min(16, "is too small a memory limit. Give at least 16 (megabytes).")
  .max(1_048_576, "is too large a memory limit. Give at most 1048576 (megabytes).");

export const processors = z
  .number("is not a number of processors. Write it like 2 or 0.5.")
  .min(0.1, "is too few processors. Give at least 0.1.")
  .max(1024, "is too many processors. Give at most 1024.");

const seconds = z
  .string('is not a duration. Write it like "5s", "500ms" or "1m30s".')
  .transform((value, context) => {
    const canonical = duration(value);
    if (canonical !== undefined) return canonical;
    context.addIssue({
      code: "custom",
      message: 'is not a duration. Write it like "5s", "500ms" or "1m30s".',
      input: value,
    });
    return z.NEVER;
  });

const BACKUP_PLACE = "Write a folder's path, or ssh://user@host/path (no password: ssh has its keys).";

const address = z.union(
  [z.ipv4(), z.ipv6()],
  'is not an IP address. Use "127.0.0.1" (this host only) or "0.0.0.0" (everybody).',
);

const notPublished = "is neither false nor a map. Write its port below it, or false.";

export const publish = (external: number | undefined) =>
  external === undefined
    ? z
        .union(
          [z.literal(false), z.strictObject({ address: address.default("127.0.0.1"), port })],
          notPublished,
        )
        .default(false)
    : z
        .union(
          [
            z.literal(false),
            z.strictObject({ address: address.default("127.0.0.1"), port: port.default(external) }),
          ],
          notPublished,
        )
        .default({ address: "127.0.0.1", port: external });

/** Whether a text is a path of plain names: none empty, none that climbs, none too long. */
const plainNames = (path: string): boolean =>
  bytes(path) <= PATH_BYTES - NAME_BYTES &&
  path.split("/").every((name) => name !== "" && name !== "." && name !== ".." && bytes(name) <= NAME_BYTES);

export const containerPath = z
  .string("is not a path in the container.")
  .refine(
    (path) => path.startsWith("/") && plainNames(path.slice(1)),
    "is not an absolute path in the container. Write it like /home/logback.xml.",
  )
  // The folder of a file becomes a volume: the root cannot be one, and these are docker's or the program's.
  .regex(
    /^\/[^/]+\//,
    "lies in the root folder, which is read-only. Put it into a folder, like /home/logback.xml.",
  )
  .regex(
    /^(?!\/(proc|sys|dev|tmp|run|nix)\/)/,
    "lies where files cannot be put (/proc, /sys, /dev, /tmp, /run, /nix). Put it into another folder, like /home.",
  );

export const servedPath = z
  .string("is not a path below the front's folder.")
  .refine(plainNames, "is not a path below the front's folder. Write it like properties.js.");

export const fileContent = z.union(
  [
    z.strictObject({ file: text("a path", "Name a file of this project.") }),
    z.strictObject({ text: z.string("is not text.") }),
  ],
  "is neither { file: PATH } nor { text: CONTENT }. Give one of the two.",
);

export const health = (defaults: Health) =>
  z
    .strictObject({
      path: z
        .string("is not a URL path.")
        .regex(/^\/[!-~]{0,2000}$/, "is not a URL path. Write it like /health.")
        .default(defaults.path),
      statuses: z
        .array(
          z
            .int("is not an HTTP status.")
            .min(100, "is not an HTTP status.")
            .max(599, "is not an HTTP status."),
          "is not a list. Write it like [200, 204].",
        )
        .refine(...atLeast(1, "is empty. Name at least one HTTP status, like 200."))
        .refine(...atMost(500, "is longer than there are HTTP statuses. Name those that mean ready."))
        .default(defaults.statuses),
      interval: seconds.default(defaults.interval),
      startPeriod: seconds.default(defaults.startPeriod),
    })
    .prefault({});

/** How a service says that it is ready. */
export interface Health {
  /** URL path that is asked. */
  path: string;
  /** HTTP statuses that mean "ready". */
  statuses: number[];
  /** Time between two probes. */
  interval: string;
  /** Time in which failing probes do not count. */
  startPeriod: string;
}

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
    // Terraform's values, which docker's provider is made of, are brought into that form.
    (value) => value.normalize() === value,
    "is not in Unicode's composed form (NFC), and would be changed. Write it in that form, or hand it over as a file (back.files).",
  );

export const environment = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_.]{0,254}$/, "is not a variable's name. Use letters, digits and _."),
    variable,
    "is not a map of names to values.",
  )
  .refine(
    (map) => bytes(JSON.stringify(map)) <= ENVIRONMENT_BYTES,
    `is longer than ${ENVIRONMENT_BYTES} bytes in all. Hand some of it over as files (back.files).`,
  );

export const sqlName = z
  .string("is not a name.")
  .refine(...atLeast(1, "is empty. Give a name."))
  .refine(...atMost(63, "is longer than PostgreSQL's 63 characters. Shorten it."))
  .regex(
    /^[a-zA-Z_][a-zA-Z0-9_]*$/,
    "is not a plain SQL name. Use letters, digits and _, and begin with no digit.",
  );

export const backupPlace = text("a place for backups", BACKUP_PLACE).refine(
  (value) => !/^\w+:\/\//.test(value) || sshPlace(value) !== undefined,
  `is not a place for backups. ${BACKUP_PLACE}`,
);

const NO_TAG = "is not a tag. Give all 32 characters of one that `npm run history` lists.";

/** A store hash: 32 characters of Nix's base 32, which has no e, o, t and u. */
export const tag = z.string(NO_TAG).regex(/^[0-9abcdfghijklmnpqrsvwxyz]{32}$/, NO_TAG);

export const roleName = sqlName.refine(
  (name) => !name.startsWith("pg_"),
  'begins with "pg_", which PostgreSQL keeps for itself. Choose another name.',
);

/** How a docker host is written. */
export const DOCKER_HOST = /^(unix:\/\/\/.+|ssh:\/\/.+|tcp:\/\/.+)$/;

export const dockerHost = z
  .string("is not a docker host.")
  .regex(
    DOCKER_HOST,
    'is not a docker host. Write it like "unix:///var/run/docker.sock", "ssh://user@host" or "tcp://host:2376".',
  );
