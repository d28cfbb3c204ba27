/** Reads what a check needs of a class file (The Java Virtual Machine Specification, chapter 4). */
import { dirname } from "node:path";

/** Bytes of a constant after its tag, by the tag; that of tag 1, a text, depends on the text. */
const SIZES: Record<number, number> = {
  ...{ 3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4 },
  ...{ 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2 },
};
const [TEXT, LONG, DOUBLE, CLASS, STRING] = [1, 5, 6, 7, 8];

/** Whether a file begins as class files do, whatever its name is. */
export const isClassFile = (bytes: Buffer): boolean =>
  bytes.length >= 10 && bytes.readUInt32BE(0) === 0xcafebabe;

/** The Java release that a class file is for: its version is in bytes 6 and 7, and 52 is Java 8. */
export const releaseOf = (classFile: Buffer): number => classFile.readUInt16BE(6) - 44;

/**
 * The packages, `java/rmi/server`, of all classes that a class file names: in code, and in the types of fields, methods,
 * generics and annotations, as jdeps counts them. A text that happens to look like a class is none.
 */
export function packagesOf(classFile: Buffer): Set<string> {
  const texts: [index: number, start: number, end: number][] = [];
  const [classes, strings] = [new Set<number>(), new Set<number>()];
  const count = classFile.readUInt16BE(8);
  let at = 10;
  for (let index = 1; index < count; index++) {
    const tag = classFile[at] as number;
    const first = classFile.readUInt16BE(at + 1);
    if (tag === TEXT) texts.push([index, at + 3, at + 3 + first]);
    if (tag === CLASS) classes.add(first);
    if (tag === STRING) strings.add(first);
    // These take two places.
    if (tag === LONG || tag === DOUBLE) index += 1;
    const size = tag === TEXT ? 2 + first : SIZES[tag];
    if (size === undefined) throw new Error(`constant of kind ${tag}`);
    at += 1 + size;
  }
  const packages = new Set<string>();
  for (const [index, start, end] of texts) {
    const isClass = classes.has(index);
    if (!isClass && strings.has(index)) continue;
    const text = classFile.toString("latin1", start, end);
    if (isClass && text[0] !== "[") packages.add(dirname(text));
    else for (const [, name = ""] of text.matchAll(/L([\w$/]+)\/[\w$]+[;<]/g)) packages.add(name);
  }
  return packages;
}
