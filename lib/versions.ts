/** Versions as they are compared: the first run of numbers in a text. */

/** `"Docker version 28.2.2, build e6534b4"` gives `[28, 2, 2]`; undefined where there is no number. */
export function versionIn(text: string): number[] | undefined {
  return /\d+(\.\d+)+/.exec(text)?.[0].split(".").map(Number);
}

export function atLeast(version: number[] | undefined, wanted: number[]): boolean {
  if (version === undefined) return false;
  for (const [index, part] of wanted.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}
