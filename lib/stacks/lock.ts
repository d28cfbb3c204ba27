/** Pulumi's errors about a locked stack, as one sentence. */

/**
 * The sentence for an operation that a lock kept out; undefined for any other failure.
 *
 * @param words What Pulumi printed on standard error.
 */
export function lockSentence(stack: string, words: string): string | undefined {
  const fix = `Wait until it has ended; if it was killed, \`pulumi cancel --stack ${stack}\` unlocks.`;
  if (/the stack is currently locked by/.test(words)) {
    // Files and buckets name each holder: `…json: created by me@host (pid 12) at 2026-11-24T…`.
    const holders = [...words.matchAll(/created by (\S+) \(pid (\d+)\) at (\S+)/g)].map(
      ([, who, pid, since]) => `${who} (process ${pid}) since ${since}`,
    );
    return `pulumi: stack ${stack} is locked by ${holders.join(" and ") || "another update"}. ${fix}`;
  }
  if (/another update is currently in progress/i.test(words))
    return `pulumi: another update of stack ${stack} is in progress. ${fix}`;
  return undefined;
}
