/** What each npm command takes: its help text (help.ts) and what it refuses (command.ts) are both made from this. */

export interface Option {
  type: "boolean" | "string";
  short?: string;
  /** May be given several times. */
  multiple?: true;
  /** What its value is called. */
  value?: string;
  help: string;
  /** Is pulumi's, and handed on to it. */
  pulumi?: true;
}

export interface Command {
  /** How it is run, before its options. Default: `npm run NAME --`. */
  run?: string;
  summary: string;
  /** The words that it takes, and how many of them. Default: none. */
  words?: { name: string; help: string; least: number; most: number };
  options: Record<string, Option>;
  /** Commands of its own, which the first word names: `stack new` is below `stack`. */
  commands?: string[];
  note?: string;
}

const STACK = {
  stack: {
    type: "string",
    short: "s",
    value: "NAME",
    help: "the stack; default: AGATHA_STACK, else dev",
  },
} as const satisfies Record<string, Option>;

const STACK_AND_FILE = {
  ...STACK,
  "config-file": {
    type: "string",
    value: "FILE",
    help: "its configuration, in place of Pulumi.<stack>.yaml",
  },
} as const satisfies Record<string, Option>;

const UPDATE = {
  refresh: {
    type: "boolean",
    short: "r",
    pulumi: true,
    help: "looks first at what is there on the docker host",
  },
  parallel: {
    type: "string",
    short: "p",
    value: "N",
    pulumi: true,
    help: "resources that are worked on at the same time",
  },
} as const satisfies Record<string, Option>;

const TARGETS = {
  target: {
    type: "string",
    short: "t",
    multiple: true,
    value: "URN",
    pulumi: true,
    help: "this resource alone; may be repeated, may have *",
  },
  "target-dependents": { type: "boolean", pulumi: true, help: "and those that depend on it" },
  replace: {
    type: "string",
    multiple: true,
    value: "URN",
    pulumi: true,
    help: "replaces this resource; may be repeated, may have *",
  },
} as const satisfies Record<string, Option>;

const MESSAGE = {
  message: {
    type: "string",
    short: "m",
    value: "TEXT",
    pulumi: true,
    help: "what the backend's history says of this update",
  },
} as const satisfies Record<string, Option>;

const YES = {
  yes: { type: "boolean", short: "y", help: "does not ask; needed where there is no terminal" },
} as const satisfies Record<string, Option>;

const PULUMI = "For pulumi's other options: `. scripts/env.sh`, then run pulumi itself.";

export const COMMANDS = {
  up: {
    summary: "Sets up what is missing, brings the stack up, and prints its URLs.",
    options: {
      ...STACK_AND_FILE,
      existing: { type: "boolean", help: "makes no stack: refuses one that the backend does not have" },
      out: { type: "string", value: "FILE", help: "writes a pull request's comment: where the stack is" },
      ...UPDATE,
      ...TARGETS,
      ...MESSAGE,
      diff: { type: "boolean", pulumi: true, help: "shows pulumi's detailed diff" },
    },
    note: PULUMI,
  },
  preview: {
    summary: "Shows what `npm run up` would change, why, and what is away meanwhile.",
    options: {
      ...STACK_AND_FILE,
      diff: { type: "boolean", help: "adds pulumi's detailed diff" },
      markdown: { type: "boolean", help: "gives a pull request's comment; makes no stack" },
      empty: { type: "boolean", help: "previews against an empty state, without any secret" },
      out: { type: "string", value: "FILE", help: "writes it into a file" },
      ...UPDATE,
      ...TARGETS,
    },
    note: PULUMI,
  },
  comment: {
    summary: "Puts a comment on the pull request that GitHub's runner names. For workflows.",
    options: {
      ...STACK,
      file: {
        type: "string",
        value: "FILE",
        help: "the comment, as `preview`, `up` or `stack rm` wrote it",
      },
      review: { type: "boolean", help: "it is about a review stack, not a preview" },
    },
  },
  down: {
    summary: "Removes all that the stack made, but for its data and the images.",
    options: {
      ...STACK_AND_FILE,
      volumes: { type: "boolean", help: "DROPS THE DATA too: names it, and asks" },
      ...YES,
      "without-state": {
        type: "boolean",
        help: "finds what to remove by docker's labels, for a stack whose state is lost",
      },
      ...UPDATE,
      ...MESSAGE,
    },
    note: PULUMI,
  },
  status: {
    summary: "Shows which services run, how they are, their ports and their images.",
    options: STACK_AND_FILE,
  },
  logs: {
    summary: "Shows the last lines that the services wrote.",
    words: { name: "[SERVICE...]", help: "db, back or front; default: all", least: 0, most: 3 },
    options: {
      ...STACK_AND_FILE,
      follow: { type: "boolean", short: "f", help: "goes on; for one service" },
    },
  },
  stack: {
    summary: "Makes, removes and lists environments.",
    options: {},
    commands: ["new", "rm", "list"],
  },
  "stack new": {
    run: "npm run stack -- new",
    summary: "Makes a stack: its file with free ports, and a database password.",
    words: {
      name: "NAME [HOST]",
      help: "the stack, and its docker host: ssh://user@host",
      least: 1,
      most: 2,
    },
    options: {
      like: { type: "string", value: "STACK", help: "takes over the configuration of this stack" },
      "if-not-exists": { type: "boolean", help: "takes a stack that is there, and gives it its file" },
    },
  },
  "stack rm": {
    run: "npm run stack -- rm",
    summary: "Removes a stack and all that is its own, DATA too: names it, and asks.",
    words: { name: "NAME", help: "the stack", least: 1, most: 1 },
    options: {
      ...YES,
      "if-exists": { type: "boolean", help: "is content where there is no such stack" },
      out: { type: "string", value: "FILE", help: "writes a pull request's comment: that it is gone" },
    },
  },
  "stack list": {
    run: "npm run stack -- list",
    summary: "Lists every stack: whether it is made, its docker host, its ports.",
    options: {},
  },
  adopt: {
    summary: "Takes over the data of a PostgreSQL that ran before, into a stack that is down.",
    words: { name: "SOURCE", help: "a data directory, or a docker volume", least: 1, most: 1 },
    options: {
      ...STACK_AND_FILE,
      replace: { type: "boolean", help: "DROPS THE DATA that the stack has: names it, and asks" },
      ...YES,
    },
  },
  doctor: {
    summary: "Shows what is there, what is missing, and how to fix it.",
    options: {},
  },
  setup: {
    summary: "Installs what is missing; changes nothing where all is there.",
    options: {
      postgresql: { type: "string", value: "VERSION", help: "also what this major version is made of" },
      "no-sample": { type: "boolean", help: "leaves the sample application unbuilt" },
    },
  },
  backup: {
    summary: "Writes a consistent dump of the stack's database, with a checksum.",
    options: STACK_AND_FILE,
  },
  restore: {
    summary: "REPLACES THE DATABASE by a dump: says what it has, and asks.",
    words: { name: "FILE", help: "a dump, by its path or its name among the backups", least: 1, most: 1 },
    options: { ...STACK_AND_FILE, ...YES },
  },
  history: {
    summary: "Shows what the stack ran, when, from what, and what it can go back to.",
    options: { ...STACK_AND_FILE, json: { type: "boolean", help: "for programs" } },
  },
  images: {
    summary: "Shows size, layers and contents of the images; makes a page and inventories.",
    options: STACK_AND_FILE,
  },
  executor: {
    summary: "Builds the image that Pulumi Cloud Deployments runs in, and loads it.",
    options: {
      push: {
        type: "string",
        value: "NAME",
        help: "sends it to a registry too: registry.example.com/agatha-executor",
      },
    },
  },
  sample: {
    summary: "Builds the sample application, where its sources changed.",
    options: { test: { type: "boolean", help: "runs its own tests instead" } },
  },
  "ssh-key": {
    summary: "Puts a docker host's key, SSH_KEY and SSH_KNOWN_HOSTS, where ssh finds it. For CI.",
    options: {},
  },
  sweep: {
    summary:
      "Removes the review stacks on REVIEW_DOCKER_HOST whose pull request is closed, DATA too. For workflows.",
    options: YES,
  },
  bench: {
    summary: "Measures updates beside an empty program, the seed's recipe and compose.",
    options: {
      only: {
        type: "string",
        value: "PARTS",
        help: "some of noop,sdk,preview,jar,dist,scaling",
      },
      rounds: { type: "string", value: "N", help: "of what takes seconds; default: 5" },
      pairs: { type: "string", value: "N", help: "of what changes nothing; default: 11" },
    },
  },
  check: {
    summary: "Format, lint, types, unit and component tests: no docker, no Nix, seconds.",
    options: {},
  },
  format: {
    summary: "Writes the format, and fixes what lint can fix safely.",
    words: { name: "[FILE...]", help: "default: all", least: 0, most: Number.POSITIVE_INFINITY },
    options: {},
  },
  test: {
    run: "npm test --",
    summary: "Runs every check there is, in scratch stacks that it removes.",
    words: {
      name: "[NAME...]",
      help: "parts of names of files in test/integration and test/hosts; default: all",
      least: 0,
      most: Number.POSITIVE_INFINITY,
    },
    options: {},
  },
  soak: {
    run: "npm run test:soak --",
    summary: "Lets faults happen in random order for half an hour.",
    words: {
      name: "[NAME...]",
      help: "parts of names of files in test/soak; default: all",
      least: 0,
      most: Number.POSITIVE_INFINITY,
    },
    options: {
      rounds: { type: "string", value: "N", help: "how many faults; default: 120" },
      seed: { type: "string", value: "N", help: "repeats a run" },
    },
  },
} as const satisfies Record<string, Command>;
