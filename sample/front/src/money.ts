// Amounts are whole cents everywhere; only text for people has decimals.

/** The API's limit (NewBudget.java). */
const LARGEST_CENTS = 100_000_000_000;

const euros = new Intl.NumberFormat(undefined, { style: "currency", currency: "EUR" });

export function formatCents(cents: number): string {
  return euros.format(cents / 100);
}

export type ParsedAmount = { cents: number } | { problem: string };

/** Parses typed text: `12`, `12.5`, `12,50`, `1 234.50`, `1,234.50`, `1.234,50`. */
export function parseAmount(typed: string): ParsedAmount {
  const text = typed.replace(/[\s\u00a0\u202f€']/g, "");
  if (text === "") return { problem: "Enter an amount." };
  if (text.startsWith("-")) return { problem: "The amount cannot be negative." };
  const groups = /^\d{1,3}(?:(?:,\d{3})+(?=\.)|(?:\.\d{3})+(?=,))/.exec(text)?.[0];
  const plain = (groups === undefined ? text : groups.replace(/[.,]/g, "") + text.slice(groups.length)).replace(",", ".");
  if (/^\d*\.\d{3,}$/.test(plain)) return { problem: "Use at most two decimals, like 1234.50." };
  const [, whole = "", decimals = ""] = /^(\d*)(?:\.(\d{0,2}))?$/.exec(plain) ?? [];
  if (whole + decimals === "") return { problem: "Enter a number like 1234.50." };
  // Built from digits: 1.15 * 100 is not 115 in floating point.
  const cents = Number(whole + decimals.padEnd(2, "0"));
  if (cents > LARGEST_CENTS) return { problem: `The largest amount is ${formatCents(LARGEST_CENTS)}.` };
  return { cents };
}
