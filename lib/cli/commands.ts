/** What each npm command takes: its help text (help.ts) and what it refuses (command.ts) are both made from this. */

export interface Option {
  type: "boolean" | "string";
  help: string;
  short?: string;
  /** What its value is called. */
  value?: string;
  /** May be given several times. */
  multiple?: true;
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

type More = Pick<Option, "short" | "pulumi">;
const flag = (help: string, more: More = {}) => ({ type: "boolean" as const, help, ...more });
const text = (value: string, help: string, more: More = {}) => ({
  type: "string" as const,
  value,
  help,
  ...more,
});
const list = (value: string, help: string, more: More = {}) => ({
  ...text(value, help, more),
  multiple: true as const,
});
const one = (name: string, help: string) => ({ name, help, least: 1, most: 1 });
const any = (name: string, help: string) => ({ name, help, least: 0, most: Number.POSITIVE_INFINITY });

const PULUMI = { pulumi: true as const };

const STACK = { stack: text("NAME", "the stack; default: AGATHA_STACK, else dev", { short: "s" }) };
const STACK_AND_FILE = {
  ...STACK,
  "config-file": text("FILE", "its configuration, in place of Pulumi.<stack>.yaml"),
};
const YES = { yes: flag("skips the question; required without a terminal", { short: "y" }) };
const UPDATE = {
  refresh: flag("looks first at what is there on the docker host", { short: "r", ...PULUMI }),
  parallel: text("N", "resources that are worked on at the same time", { short: "p", ...PULUMI }),
};
const TARGETS = {
  target: list("URN", "this resource alone; may be repeated, may have *", { short: "t", ...PULUMI }),
  "target-dependents": flag("and those that depend on it", PULUMI),
  replace: list("URN", "replaces this resource; may be repeated, may have *", PULUMI),
};
const MESSAGE = {
  message: text("TEXT", "what the backend's history says of this update", { short: "m", ...PULUMI }),
};
const OTHERS = "For pulumi's other options: `. scripts/env.sh`, then run pulumi itself.";

export const COMMANDS = {
  up: {
    summary: "Sets up what is missing, brings the stack up, and prints its URLs.",
    options: {
      ...STACK_AND_FILE,
      existing: flag("makes no stack: refuses one that the backend does not have"),
      out: text("FILE", "writes a pull request's comment: where the stack is"),
      ...UPDATE,
      ...TARGETS,
      ...MESSAGE,
      diff: flag("shows pulumi's detailed diff", PULUMI),
    },
    note: OTHERS,
  },
  preview: {
    summary: "Shows what `npm run up` would change, why, and what is unavailable meanwhile.",
    options: {
      ...STACK_AND_FILE,
      diff: flag("adds pulumi's detailed diff"),
      markdown: flag("gives a pull request's comment; makes no stack"),
      empty: flag("previews against an empty state, without any secret"),
      out: text("FILE", "writes the output to FILE"),
      "expect-no-changes": flag("ends with 1 if anything would change"),
      ...UPDATE,
      ...TARGETS,
    },
    note: OTHERS,
  },
  comment: {
    summary: "Puts a comment on the pull request that GitHub's runner names. For workflows.",
    options: {
      ...STACK,
      file: text("FILE", "the comment, as `preview`, `up` or `stack rm` wrote it"),
      review: flag("it is about a review stack, not a preview"),
    },
  },
  down: {
    summary: "Removes all that the stack made, but for its data and the images.",
    options: {
      ...STACK_AND_FILE,
      volumes: flag("DROPS THE DATA too: names it, and asks"),
      ...YES,
      "without-state": flag("finds what to remove by docker's labels, for a stack whose state is lost"),
      ...UPDATE,
      ...MESSAGE,
    },
    note: OTHERS,
  },
  status: {
    summary: "Shows which services run, how they are, their ports and their images.",
    options: STACK_AND_FILE,
  },
  logs: {
    summary: "Shows the last lines that the services wrote.",
    words: any("[SERVICE...]", "db, back or front; default: all"),
    options: {
      ...STACK_AND_FILE,
      follow: flag("keeps printing new lines; one service only", { short: "f" }),
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
      like: text("STACK", "takes over the configuration of this stack"),
      "if-not-exists": flag("takes a stack that is there, and gives it its file"),
    },
  },
  "stack rm": {
    run: "npm run stack -- rm",
    summary: "Removes a stack and all that is its own, DATA too: names it, and asks.",
    words: one("NAME", "the stack"),
    options: {
      ...YES,
      "if-exists": flag("succeeds if there is no such stack"),
      out: text("FILE", "writes a pull request's comment: that it is gone"),
    },
  },
  "stack list": {
    run: "npm run stack -- list",
    summary: "Lists every stack: whether it is made, its docker host, its ports.",
    options: {},
  },
  doctor: { summary: "Shows what is there, what is missing, and how to fix it.", options: {} },
  setup: {
    summary: "Installs what is missing; changes nothing where all is there.",
    options: {
      postgresql: text("VERSION", "also what this major version is made of"),
      "no-sample": flag("leaves the sample application unbuilt"),
    },
  },
  backup: {
    summary: "Writes a consistent dump of the stack's database, with a checksum.",
    options: STACK_AND_FILE,
  },
  restore: {
    summary: "REPLACES THE DATABASE by a dump: says what it has, and asks.",
    words: one("FILE", "a dump, by its path or its name among the backups"),
    options: { ...STACK_AND_FILE, ...YES },
  },
  history: {
    summary: "Shows what the stack ran, when, from what, and what it can go back to.",
    options: { ...STACK_AND_FILE, json: flag("prints JSON") },
  },
  images: {
    summary: "Shows size, layers and contents of the images; makes a page and inventories.",
    options: STACK_AND_FILE,
  },
  executor: {
    summary: "Builds the image that Pulumi Cloud Deployments runs in, and loads it.",
    options: { push: text("NAME", "sends it to a registry too: registry.example.com/agatha-executor") },
  },
  sample: {
    summary: "Builds the sample application, where its sources changed.",
    options: { test: flag("runs its own tests instead") },
  },
  "ssh-key": {
    summary: "Puts SSH_KEY and SSH_KNOWN_HOSTS where ssh finds them. For workflows.",
    options: {},
  },
  sweep: {
    summary: "Removes review stacks whose pull request is closed, DATA too. For workflows.",
    options: YES,
    note: "Only those on the docker host that REVIEW_DOCKER_HOST names.",
  },
  bench: {
    summary: "Measures updates beside an empty program, the seed's recipe and compose.",
    options: {
      only: text("PARTS", "some of noop,sdk,preview,jar,dist,scaling"),
      rounds: text("N", "of what takes seconds; default: 5"),
      pairs: text("N", "of what changes nothing; default: 11"),
    },
  },
  check: {
    summary: "Format, lint, types, unit and component tests: no docker, no Nix, seconds.",
    options: {},
  },
  format: {
    summary: "Writes the format, and fixes what lint can fix safely.",
    words: any("[FILE...]", "default: all"),
    options: {},
  },
  test: {
    run: "npm test --",
    summary: "Runs every check there is, in scratch stacks that it removes.",
    words: any(
      "[NAME...]",
      "parts of names or paths of files in test/integration and test/hosts; default: all",
    ),
    options: {},
  },
  soak: {
    run: "npm run test:soak --",
    summary: "Lets faults happen in random order for half an hour.",
    words: any("[NAME...]", "parts of names of files in test/soak; default: all"),
    options: {
      rounds: text("N", "how many faults; default: 120"),
      seed: text("N", "repeats a run"),
    },
  },
} satisfies Record<string, Command>;
