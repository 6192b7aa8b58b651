/** Finds a place in a table by a column that has no index but grows with the primary key. */

/**
 * The lowest id from which on rows are past it, as far as they are ordered;
 * `highest + 1` when none is. `first` gives the first row with an id of at least `from`.
 */
export async function bisect<T extends { readonly id: number }>(
  first: (from: number) => Promise<T | undefined>,
  isPast: (row: T) => boolean,
  highest: number,
): Promise<number> {
  let low = 0;
  let high = highest + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await first(middle);
    if (row === undefined || isPast(row)) high = middle;
    else low = row.id + 1;
  }
  return low;
}
