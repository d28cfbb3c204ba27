/** Java properties files, as `java.util.Properties` reads them. */

/**
 * A properties file in Java's format, names sorted; `${databasePassword}` and the like in a value are filled in once
 * (what is filled in is not looked at again), an unknown placeholder stays as it is.
 */
export function renderProperties(properties: Record<string, string>, values: Record<string, string>): string {
  const lines = Object.keys(properties)
    .sort()
    .map((name) => {
      const value = (properties[name] ?? "").replace(/\$\{(\w+)\}/g, (whole, key: string) =>
        Object.hasOwn(values, key) ? (values[key] ?? "") : whole,
      );
      return `${escapeText(name).replace(/[ =:#!]/g, "\\$&")}=${escapeProperty(value)}\n`;
    });
  return lines.join("");
}

/** Escapes what `java.util.Properties` would read otherwise: backslashes, line ends, leading blanks, non-ASCII. */
export const escapeProperty = (value: string): string => escapeText(value).replace(/^ /, "\\ ");

function escapeText(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
