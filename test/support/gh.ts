/** GitHub behind a stand-in for its client `gh` (ghProgram.ts): what tests put there, and what they find. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface GhComment {
  id: number;
  /** Whether whoever has the token wrote it. */
  own: boolean;
  body: string;
}

export interface GhState {
  pulls: Record<number, { state: "OPEN" | "CLOSED" | "MERGED"; headRefOid: string; comments: GhComment[] }>;
  /** Calls that are to fail, by how they begin. `done`: this one has commented all the same. */
  failures: { call: string; words: string; done?: boolean }[];
  /** Whether the token may not write. */
  readOnly: boolean;
  /** The arguments of each call. */
  calls: string[];
}

export class Gh {
  /** The folder with `gh`, for PATH. */
  readonly bin: string;
  private readonly file: string;

  /** @param folder Where its files go. */
  constructor(folder: string) {
    [this.bin, this.file] = [join(folder, "gh-bin"), join(folder, "gh.json")];
    this.write({ pulls: {}, failures: [], readOnly: false, calls: [] });
    mkdirSync(this.bin, { recursive: true });
    const program = [process.execPath, join(import.meta.dirname, "ghProgram.ts")];
    const line = [`GH_STATE='${this.file}'`, "exec", ...program.map((part) => `'${part}'`), '"$@"'].join(" ");
    writeFileSync(join(this.bin, "gh"), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }

  read(): GhState {
    return JSON.parse(readFileSync(this.file, "utf8")) as GhState;
  }

  /** Changes what is there. */
  change(change: (state: GhState) => void): void {
    const state = this.read();
    change(state);
    this.write(state);
  }

  private write(state: GhState): void {
    writeFileSync(this.file, JSON.stringify(state));
  }
}
