/** Sizes, durations and shares as a person writes them: a number and its unit, never a bare number. Pure. */

const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const SHARE: Readonly<Record<string, number>> = { '%': 0.01 };

/** `8MiB` in bytes; `undefined` when it is not a size. */
export function readSize(text: string): number | undefined {
  return wholeNumber(readQuantity(text, BYTES));
}

/** `10s` in milliseconds; `undefined` when it is not a duration. */
export function readDuration(text: string): number | undefined {
  return wholeNumber(readQuantity(text, MILLISECONDS));
}

/** `10%` as 0.1; `undefined` when it is not a share of a whole. */
export function readShare(text: string): number | undefined {
  const share = readQuantity(text, SHARE);
  return share !== undefined && share <= 1 ? share : undefined;
}

function readQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]{1,3}|%)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  return Number(digits) * units[unit]!;
}

/** `1.5KiB` is 1536 bytes; `1.3B` is none. */
function wholeNumber(quantity: number | undefined): number | undefined {
  return Number.isSafeInteger(quantity) ? quantity : undefined;
}
