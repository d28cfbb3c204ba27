/**
 * Ends the program when the engine that reads its output is gone (`pulumi preview | head`, a killed update). Left alone,
 * Pulumi's SDK reports the broken pipe into the broken pipe, for ever, with a whole core and ever more memory.
 */
export function endWithEngine(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
}
