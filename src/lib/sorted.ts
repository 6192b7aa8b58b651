/** Finds a place in a list that is in ascending order. Pure. */

/** How many elements lie at or before `limit`: also the index of the first one behind it. */
export function countUpTo<T>(ascending: readonly T[], limit: number, keyOf: (element: T) => number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(ascending[middle]!) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
