// Allows one build at a time in a clone, by a file with the builder's process id.
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const EVERY_MS = 200;
const SAY_AGAIN_MS = 10_000;

/** Waits until no living process holds the lock, takes it, and releases it when this process ends. */
export async function takeLock(file: string, waiting: (pid: number) => void): Promise<void> {
  for (let waited = 0; !tryToTake(file); waited += EVERY_MS) {
    const holder = Number(read(file));
    if (holder > 0 && isAlive(holder)) {
      if (waited % SAY_AGAIN_MS === 0) waiting(holder);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    } else {
      rmSync(file, { force: true });
    }
  }
  process.once("exit", () => rmSync(file, { force: true }));
}

/** Links the file into place, so that it never exists without its content. */
function tryToTake(file: string): boolean {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
