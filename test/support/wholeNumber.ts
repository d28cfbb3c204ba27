import { UserError } from "../../lib/userError.ts";

/** An option's whole number from 1 on, or its default. @throws UserError for anything else. */
export function wholeNumber(
  option: string,
  text: string | undefined,
  otherwise: number,
  most: number,
): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw new UserError(
    `--${option}: ${JSON.stringify(text)} is not a whole number from 1 to ${most}. Write it like --${option} 20.`,
  );
}
