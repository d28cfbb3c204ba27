/** Options with a value that a command takes out of its arguments by hand. */
import { Stop } from "./exec.ts";

/** Takes `--name VALUE` or `--name=VALUE` out of a command's arguments. @throws Stop where the value is missing. */
export function takeValue(args: string[], name: string): [value: string | undefined, rest: string[]] {
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const given = args[at];
  if (given === undefined) return [undefined, args];
  const joined = given.includes("=");
  const value = joined ? given.slice(given.indexOf("=") + 1) : args[at + 1];
  if (value === undefined || value === "" || (!joined && value.startsWith("-")))
    throw new Stop(`--${name}: has no value. Write it like \`--${name} VALUE\`.`);
  return [value, [...args.slice(0, at), ...args.slice(at + (joined ? 1 : 2))]];
}
