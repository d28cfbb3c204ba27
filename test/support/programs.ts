/** Fake programs that come first on PATH, and a timer. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The environment in which `program` is a bash script of these lines, in a folder of its own below `folder`. */
export function fake(folder: string, program: string, lines: string[]): NodeJS.ProcessEnv {
  const bin = join(folder, `fake-${program}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, program), `#!/bin/bash\n${lines.join("\n")}\n`);
  chmodSync(join(bin, program), 0o755);
  return { PATH: `${bin}:${process.env["PATH"]}` };
}

/** Seconds that a call took, and its result. */
export async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const start = performance.now();
  const result = await work();
  return [(performance.now() - start) / 1000, result];
}
