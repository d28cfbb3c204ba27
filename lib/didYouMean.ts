/** Longest word that may be a typo, in characters. */
const LONGEST = 40;

/** The known word nearest to a mistyped one: the same but for case, or at most two edits away. */
export function didYouMean(word: string, known: string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const edits = (candidate: string) => editDistance(word.toLowerCase(), candidate.toLowerCase());
  const [best] = known.map((candidate) => [edits(candidate), candidate] as const).sort(([a], [b]) => a - b);
  return best !== undefined && best[0] <= 2 ? best[1] : undefined;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
