/** Runs the marked blocks of one page, like a person who follows it in one shell. */
import { blocks, textOf } from "./docs.ts";
import { leftNames, missingLines, type Substitutions, substituted } from "./pageText.ts";
import { Shell } from "./shell.ts";

type Options = Substitutions & { env: NodeJS.ProcessEnv };

export class Page {
  /** The blocks of this page that the test runs. */
  private readonly blocks: { text: string; name: string; shown: string }[];
  private readonly page: string;
  private readonly options: Options;
  private shell: Shell | undefined;

  /**
   * @param page Its path.
   * @param test The test that runs its blocks, as the marks name it: `integration/docs.test.ts`.
   */
  constructor(page: string, test: string, options: Options) {
    const all = blocks(textOf(page));
    [this.page, this.options] = [page, options];
    this.blocks = all.flatMap(({ mark, text }, i) => {
      if (mark?.kind !== "tested" || mark.test !== test) return [];
      const after = all.slice(i + 1);
      const end = after.findIndex((block) => block.mark?.kind !== "output");
      const shown = after.slice(0, end < 0 ? undefined : end).map((block) => block.text);
      return [{ text, name: mark.name, shown: shown.join("") }];
    });
  }

  /**
   * Runs the blocks of that name, or those without a name, in the page's order; returns their output.
   *
   * @param input Standard input, for commands that ask.
   * @throws Error if a command fails, or does not print what the page shows.
   */
  async run(name = "", input = ""): Promise<string> {
    const { page, options } = this;
    const wanted = this.blocks.filter((block) => block.name === name);
    if (wanted.length === 0) throw new Error(`${page}: has no block "${name}" for this test.`);
    let printed = "";
    for (const { text, shown } of wanted) {
      this.shell ??= new Shell(options.env);
      const commands = substituted(text, options);
      const left = leftNames(commands, options);
      if (left.length > 0) throw new Error(`${page}: names ${left.join(", ")} in a place that is not known.`);
      const { code, output } = await this.shell.run(commands, input);
      if (code !== 0) {
        await this.end();
        throw new Error(`${page}: ended with ${code}:\n${commands}\n${output}`);
      }
      const missing = missingLines(substituted(shown, options), output);
      if (missing.length > 0)
        throw new Error(`${page}: shows what is not printed:\n${missing.join("\n")}\nBut:\n${output}`);
      printed += output;
    }
    return printed;
  }

  async end(): Promise<void> {
    await this.shell?.end();
    this.shell = undefined;
  }
}
