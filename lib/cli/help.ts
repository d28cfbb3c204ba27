/** The commands' help texts. Needs no node modules. */
import { commandOf, isName, type Name, runOf } from "./commands.ts";

/** A terminal's columns. */
const WIDTH = 80;

/** The help text, if the arguments ask for it: nothing else happens then, whatever else they say. */
export function askedHelp(name: string, args: string[]): string | undefined {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  if (!options.includes("--help") && !options.includes("-h")) return undefined;
  const inner = `${name} ${args[0]}`;
  return helpText((isName(inner) ? inner : name) as Name);
}

/** How a command is run, what it does, and all that it takes. */
export function helpText(name: Name): string {
  const { summary, words, options, pulumi, commands = [], note } = commandOf(name);
  const written = { ...options, ...pulumi };
  const usage = [
    runOf(name),
    ...(words === undefined ? [] : [words[0]]),
    ...(commands.length === 0 ? [] : [commands.join("|")]),
    ...(Object.keys(written).length === 0 ? [] : ["[OPTIONS]"]),
  ].join(" ");
  const rows = [
    ...(words === undefined ? [] : [words]),
    ...commands.map((inner) => [inner, commandOf(`${name} ${inner}` as Name).summary] as const),
    ...Object.entries({ ...written, "-h, --help": "shows this" }).map(
      ([option, help]) => [option.replace(/^--/, "    --").replace(/\.+$/, ""), help] as const,
    ),
  ];
  const column = Math.max(...rows.map(([left]) => left.length)) + 2;
  const table = rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - 2 - column).map(
      (line, index) => `  ${(index === 0 ? left : "").padEnd(column)}${line}`,
    ),
  );
  const more =
    commands.length > 0 && `\`${runOf(name)} ${commands[0]} --help\`, and so on, shows what each takes.`;
  const notes = [more, note].filter(Boolean).map((text) => wrap(text as string, WIDTH));
  const parts = [[usage.replace(/ --$/, "")], wrap(summary, WIDTH), table, ...notes];
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** Lines of whole words, of which none is longer than the width. */
const wrap = (text: string, width: number): string[] =>
  text.match(RegExp(`\\S.{0,${width - 1}}(?= |$)`, "g")) ?? [];
