/** Finds the known word nearest to a mistyped one, for "did you mean …?". Pure. */

/** The nearest of `words`, if it differs from `typed` by no more than a third of its letters. */
export function nearest(typed: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const word of words) {
    const distance = editDistance(typed.toLowerCase(), word.toLowerCase());
    // With half of its letters changed a short word is another word.
    if (distance >= bestDistance || distance * 2 > word.length) continue;
    best = word;
    bestDistance = distance;
  }
  return best;
}

/** The number of letters to add, remove or change to turn one word into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const change = row[column - 1]! + (from[index] === to[column - 1] ? 0 : 1);
      next.push(Math.min(change, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
