/**
 * Ends the program if Pulumi's engine, which reads its output, is gone (`pulumi preview | head`, a killed update). Otherwise
 * Pulumi's SDK would report the broken pipe into the broken pipe for ever, with a whole core and more and more memory.
 */
export function endWithEngine(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
}
