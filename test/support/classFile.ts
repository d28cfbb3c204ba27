/** The content of a test's class file. */
export interface ClassFile {
  /** Default: 17. */
  release?: number;
  /** Classes that it names, `java/rmi/Remote`. */
  classes?: string[];
  /** Types of fields and methods, `()Ljava/rmi/Remote;`. */
  types?: string[];
  /** Texts of the program. */
  texts?: string[];
}

/** A class file up to the end of its constants. One is a number of 64 bits, which takes two places. */
export function classFile({ release = 17, classes = [], types = [], texts = [] }: ClassFile): Buffer {
  const pool: Buffer[] = [];
  const number = (value: number) => Buffer.from([value >> 8, value & 255]);
  const add = (tag: number, ...rest: Buffer[]) => pool.push(Buffer.concat([Buffer.from([tag]), ...rest]));
  const text = (value: string) => add(1, number(value.length), Buffer.from(value));
  add(5, Buffer.alloc(8));
  const next = () => number(pool.length + 1);
  const referred = (tag: number) => (value: string) => {
    text(value);
    add(tag, next());
  };
  // The text of each is the constant before it.
  classes.forEach(referred(7));
  texts.forEach(referred(8));
  types.forEach(text);
  const start = Buffer.from("cafebabe0000", "hex");
  return Buffer.concat([start, number(release + 44), number(pool.length + 2), ...pool]);
}
