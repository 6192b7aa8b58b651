/**
 * Delta debugging (A. Zeller and R. Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002: the algorithm ddmin): of a list that fails,
 * the smallest that still does and of which nothing more can be left out.
 */
export async function shrink<T>(
  list: readonly T[],
  fails: (fewer: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let present = list;
  let pieces = Math.min(2, present.length);
  while (present.length > 0) {
    const size = Math.ceil(present.length / pieces);
    const fewer = await firstThatFails(present, size, fails);
    if (fewer !== undefined) {
      present = fewer;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) return present;
    else pieces = Math.min(present.length, pieces * 2);
  }
  return present;
}

/** With `size` neighbours left out. */
async function firstThatFails<T>(
  list: readonly T[],
  size: number,
  fails: (fewer: readonly T[]) => Promise<boolean>,
): Promise<readonly T[] | undefined> {
  for (let from = 0; from < list.length; from += size) {
    const fewer = [...list.slice(0, from), ...list.slice(from + size)];
    if (await fails(fewer)) return fewer;
  }
  return undefined;
}
