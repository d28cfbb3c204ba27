/** Java properties files, as `java.util.Properties` reads them. */
import { fill } from "../lib/config/placeholders.ts";

/** A properties file in Java's format, sorted by name, with its placeholders (`${databasePassword}`) replaced. */
export const renderProperties = (
  properties: Record<string, string>,
  values: Record<string, string>,
): string =>
  Object.keys(properties)
    .sort()
    .map((name) => {
      const value = fill(properties[name] ?? "", values);
      return `${escapeText(name).replace(/[ =:#!]/g, "\\$&")}=${escapeProperty(value)}\n`;
    })
    .join("");

/** Escapes what has a meaning to `java.util.Properties`: backslashes, line ends, a leading blank, non-ASCII. */
export const escapeProperty = (value: string): string => escapeText(value).replace(/^ /, "\\ ");

/** Backslashes and line ends are escaped as in JSON. */
const escapeText = (text: string): string =>
  text
    .replace(/[\\\n\r\t]/g, (character) => JSON.stringify(character).slice(1, -1))
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
