/** The commands' help texts. Needs no node modules. */
import { COMMANDS, type Command, type Option } from "./commands.ts";

/** A terminal's columns. */
const WIDTH = 80;

const HELP: Option = { type: "boolean", short: "h", help: "shows this" };

/** How a command is run, before its options. */
export const runOf = (name: string): string => tableOf(name).run ?? `npm run ${name} --`;

/** What a command takes. */
export const tableOf = (name: string): Command => COMMANDS[name as keyof typeof COMMANDS];

/** The help text, where the arguments ask for it: whatever else they say, nothing else happens then. */
export function askedHelp(name: string, args: string[]): string | undefined {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  if (!options.includes("--help") && !options.includes("-h")) return undefined;
  const inner = `${name} ${args[0]}`;
  return helpText(Object.hasOwn(COMMANDS, inner) ? inner : name);
}

/** How it is run, what it does, and all that it takes. */
export function helpText(name: string): string {
  const { summary, words, options, commands, note } = tableOf(name);
  const inner = commands?.map((one) => [one, tableOf(`${name} ${one}`).summary] as const) ?? [];
  const usage = [
    runOf(name),
    ...(words === undefined ? [] : [words.name]),
    ...(commands === undefined ? [] : [commands.join("|")]),
    ...(Object.keys(options).length === 0 ? [] : ["[OPTIONS]"]),
  ].join(" ");
  const rows = [
    ...(words === undefined ? [] : [[words.name, words.help] as const]),
    ...inner,
    ...Object.entries({ ...options, help: HELP }).map(
      ([long, option]) => [label(long, option), option.help] as const,
    ),
  ];
  const column = Math.max(...rows.map(([left]) => left.length)) + 2;
  const table = rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - 2 - column).map(
      (line, index) => `  ${(index === 0 ? left : "").padEnd(column)}${line}`,
    ),
  );
  const more = commands && `\`${runOf(name)} ${commands[0]} --help\`, and so on, tells what each takes.`;
  const texts = [[usage.replace(/ --$/, "")], wrap(summary, WIDTH), table];
  for (const last of [more, note]) if (last !== undefined) texts.push(wrap(last, WIDTH));
  return `${texts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const label = (long: string, { short, value }: Option): string =>
  `${short === undefined ? "    " : `-${short}, `}--${long}${value === undefined ? "" : ` ${value}`}`;

/** Lines of whole words; none is longer than the width, unless a word is. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
