/** What each npm command takes. Both its help (help.ts) and what it refuses (command.ts) are made from this table. */

/**
 * Options and what they do, by how a help text writes them: `-s, --stack NAME`. One with `...` may be given several
 * times.
 */
type Options = Readonly<Record<string, string>>;

export interface Command {
  /** How it is run, before its options. Default: `npm run NAME --`. */
  run?: string;
  summary: string;
  /** Its arguments, like `NAME [HOST]`, and what they are. Default: none. */
  words?: readonly [usage: string, help: string];
  options?: Options;
  /** Options that are handed on to pulumi. */
  pulumi?: Options;
  /** Commands of its own, which the first argument names: `stack new` is below `stack`. */
  commands?: readonly string[];
  note?: string;
}

const STACK = { "-s, --stack NAME": "the stack; default: AGATHA_STACK, else dev" } as const;
const STACK_AND_FILE = {
  ...STACK,
  "--config-file FILE": "its configuration, in place of Pulumi.<stack>.yaml",
} as const;
const YES = { "-y, --yes": "skips the question; required without a terminal" } as const;
const UPDATE = {
  "-r, --refresh": "looks first at what is there on the docker host",
  "-p, --parallel N": "resources that are worked on at the same time",
} as const;
const TARGETS = {
  "-t, --target URN...": "this resource alone; may be repeated, may have *",
  "--target-dependents": "and those that depend on it",
  "--replace URN...": "replaces this resource; may be repeated, may have *",
} as const;
const MESSAGE = { "-m, --message TEXT": "what the backend's history says of this update" } as const;
const OTHERS = "For pulumi's other options: `. scripts/env.sh`, then run pulumi itself.";

export const COMMANDS = {
  up: {
    summary: "Sets up what is missing, brings the stack up, and prints its URLs.",
    options: {
      ...STACK_AND_FILE,
      "--existing": "makes no stack: refuses one that the backend does not have",
      "--out FILE": "writes a pull request's comment: where the stack is",
      "-y, --yes": "makes a swarm without asking, if target swarm lacks one",
    },
    pulumi: {
      ...UPDATE,
      ...TARGETS,
      "-t, --target URN...": `${TARGETS["-t, --target URN..."]}; docker or swarm: sets agatha:target`,
      ...MESSAGE,
      "--diff": "shows pulumi's detailed diff",
    },
    note: OTHERS,
  },
  preview: {
    summary: "Shows what `npm run up` would change, why, and what is unavailable meanwhile.",
    options: {
      ...STACK_AND_FILE,
      "--diff": "adds pulumi's detailed diff",
      "--markdown": "gives a pull request's comment; makes no stack",
      "--empty": "previews against an empty state, without any secret",
      "--out FILE": "writes the output to FILE",
      "--expect-no-changes": "ends with 1 if anything would change",
    },
    pulumi: { ...UPDATE, ...TARGETS },
    note: OTHERS,
  },
  comment: {
    summary: "Puts a comment on the pull request that GitHub's runner names. For workflows.",
    options: {
      ...STACK,
      "--file FILE": "the comment, as `preview`, `up` or `stack rm` wrote it",
      "--review": "it is about a review stack, not a preview",
    },
  },
  down: {
    summary: "Removes all that the stack made, except its data and the images.",
    options: {
      ...STACK_AND_FILE,
      "--volumes": "DROPS THE DATA too: names it, and asks",
      ...YES,
      "--without-state": "finds what to remove by docker's labels, for a stack whose state is lost",
    },
    pulumi: { ...UPDATE, ...MESSAGE },
    note: OTHERS,
  },
  status: {
    summary: "Shows which services run, how they are, their ports and their images.",
    options: STACK_AND_FILE,
  },
  logs: {
    summary: "Shows the last lines that the services wrote.",
    words: ["[SERVICE...]", "db, back, front or gateway; default: all"],
    options: { ...STACK_AND_FILE, "-f, --follow": "keeps printing new lines; one service only" },
  },
  stack: { summary: "Makes, removes and lists environments.", commands: ["new", "rm", "list"] },
  "stack new": {
    run: "npm run stack -- new",
    summary: "Makes a stack: its file with free ports, and a database password.",
    words: ["NAME [HOST]", "the stack, and its docker host: ssh://user@host"],
    options: {
      "--like STACK": "takes over the configuration of this stack",
      "--if-not-exists": "accepts a stack that is there, and gives it its file",
    },
  },
  "stack rm": {
    run: "npm run stack -- rm",
    summary: "Removes a stack and all that is its own, DATA too: names it, and asks.",
    words: ["NAME", "the stack"],
    options: {
      ...YES,
      "--if-exists": "succeeds if there is no such stack",
      "--out FILE": "writes a pull request's comment: that it is gone",
    },
  },
  "stack list": {
    run: "npm run stack -- list",
    summary: "Lists every stack: whether it is made, its docker host, its ports.",
  },
  doctor: { summary: "Shows what is there, what is missing, and how to fix it." },
  setup: {
    summary: "Installs what is missing; changes nothing if all is there.",
    options: {
      "--postgresql VERSION": "also what this major version is made of",
      "--no-sample": "leaves the sample application unbuilt",
    },
  },
  backup: {
    summary: "Writes a consistent dump of the stack's database, with a checksum.",
    options: STACK_AND_FILE,
  },
  restore: {
    summary: "REPLACES THE DATABASE by a dump: says what it has, and asks.",
    words: ["FILE", "a dump, by its path or its name among the backups"],
    options: { ...STACK_AND_FILE, ...YES },
  },
  history: {
    summary: "Shows what the stack ran, when, from what, and what it can go back to.",
    options: { ...STACK_AND_FILE, "--json": "prints JSON" },
  },
  images: {
    summary: "Shows size, layers and contents of the images; makes a page and inventories.",
    options: STACK_AND_FILE,
  },
  executor: {
    summary: "Builds the image that Pulumi Cloud Deployments runs in, and loads it.",
    options: { "--push NAME": "sends it to a registry too: registry.example.com/agatha-executor" },
  },
  sample: {
    summary: "Builds the sample application, if its sources changed.",
    options: { "--test": "runs its own tests instead" },
  },
  "ssh-key": { summary: "Puts SSH_KEY and SSH_KNOWN_HOSTS where ssh finds them. For workflows." },
  sweep: {
    summary: "Removes review stacks whose pull request is closed, DATA too. For workflows.",
    options: YES,
    note: "Only those on the docker host that REVIEW_DOCKER_HOST names.",
  },
  bench: {
    summary: "Measures updates beside an empty program, the seed's recipe and compose.",
    options: {
      "--only PARTS": "some of noop,sdk,plain,preview,jar,dist,updates,scaling,swarm",
      "--rounds N": "of what takes seconds; default: 5",
      "--pairs N": "of what changes nothing; default: 11",
      "--updates N": "of each service under load; default: 20",
    },
  },
  check: { summary: "Format, lint, types, unit and component tests: no docker, no Nix, seconds." },
  format: {
    summary: "Writes the format, and fixes what lint can fix safely.",
    words: ["[FILE...]", "default: all"],
  },
  test: {
    run: "npm test --",
    summary: "Runs every check there is, in scratch stacks that it removes.",
    words: ["[NAME...]", "parts of names or paths of files in test/integration and test/hosts; default: all"],
  },
  soak: {
    run: "npm run test:soak --",
    summary: "Lets faults happen in random order for half an hour.",
    words: ["[NAME...]", "parts of names of files in test/soak; default: all"],
    options: { "--rounds N": "how many faults; default: 120", "--seed N": "repeats a run" },
  },
} as const satisfies Record<string, Command>;

export type Name = keyof typeof COMMANDS;

/** What a command takes. */
export const commandOf = (name: Name): Command => COMMANDS[name];

export const isName = (name: string): name is Name => Object.hasOwn(COMMANDS, name);

/** How a command is run, before its options. */
export const runOf = (name: Name): string => commandOf(name).run ?? `npm run ${name} --`;

/** What a command's options give, by their long names. */
export type Values<N extends Name> = OptionsOf<N, "options"> & OptionsOf<N, "pulumi">;

type OptionsOf<N extends Name, Key extends "options" | "pulumi"> =
  (typeof COMMANDS)[N] extends Record<Key, infer O>
    ? { [Written in keyof O as Long<Written>]?: Value<Written> }
    : unknown;
type Long<Written> = Written extends `${string}--${infer Rest}`
  ? Rest extends `${infer Name} ${string}`
    ? Name
    : Rest
  : never;
type Value<Written> = Written extends `${string}...`
  ? string[]
  : Written extends `${string}--${string} ${string}`
    ? string
    : boolean;
