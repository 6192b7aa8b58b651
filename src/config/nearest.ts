/** "Did you mean …?": the known word that a mistyped one is nearest to. Pure. */

/** The nearest of `words` that a slip or two in every few letters could have turned into `typed`. */
export function nearest(typed: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const word of words) {
    const distance = editDistance(typed.toLowerCase(), word.toLowerCase());
    // Half of a short word changed is another word.
    if (distance >= bestDistance || distance * 2 > word.length) continue;
    best = word;
    bestDistance = distance;
  }
  return best;
}

/** Letters to add, drop or change to make one word of the other (Levenshtein). */
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
