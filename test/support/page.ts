/** Runs the marked blocks of one page, like a person who follows it in one shell. */
import { type Block, blocks, textOf } from "./docs.ts";
import { leftNames, missingLines, type Substitutions, substituted } from "./pageText.ts";
import { Shell } from "./shell.ts";

export interface PageOptions extends Substitutions {
  env: NodeJS.ProcessEnv;
}

export class Page {
  /** The blocks of this page that the test runs. */
  private readonly blocks: { block: Block; name: string; shown: string[] }[];
  private readonly page: string;
  private readonly options: PageOptions;
  private shell: Shell | undefined;

  /**
   * @param page Its path.
   * @param test The test that runs its blocks, as the marks name it: `integration/docs.test.ts`.
   */
  constructor(page: string, test: string, options: PageOptions) {
    const all = blocks(textOf(page));
    this.page = page;
    this.options = options;
    this.blocks = all.flatMap((block, i) => {
      if (block.mark?.kind !== "tested" || block.mark.test !== test) return [];
      const after = all.slice(i + 1);
      const end = after.findIndex(({ mark }) => mark?.kind !== "output");
      const shown = after.slice(0, end < 0 ? undefined : end).map(({ text }) => text);
      return [{ block, name: block.mark.name, shown }];
    });
  }

  /**
   * Runs the blocks of that name, or those without a name, in the page's order; returns their output.
   *
   * @param input Standard input, for commands that ask.
   * @throws Error if a command fails, or does not print what the page shows.
   */
  async run(name = "", input = ""): Promise<string> {
    const wanted = this.blocks.filter((entry) => entry.name === name);
    if (wanted.length === 0) throw new Error(`${this.page}: has no block "${name}" for this test.`);
    let printed = "";
    for (const entry of wanted) {
      this.shell ??= new Shell(this.options.env);
      const commands = substituted(entry.block.text, this.options);
      const left = leftNames(commands, this.options);
      if (left.length > 0)
        throw new Error(`${this.page}: names ${left.join(", ")} in a place that is not known.`);
      const { code, output } = await this.shell.run(commands, input);
      if (code !== 0) {
        await this.end();
        throw new Error(`${this.page}: ended with ${code}:\n${commands}\n${output}`);
      }
      const shown = entry.shown.map((text) => substituted(text, this.options)).join("");
      const missing = missingLines(shown, output);
      if (missing.length > 0)
        throw new Error(`${this.page}: shows what is not printed:\n${missing.join("\n")}\nBut:\n${output}`);
      printed += output;
    }
    return printed;
  }

  async end(): Promise<void> {
    await this.shell?.end();
    this.shell = undefined;
  }
}
