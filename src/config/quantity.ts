/**
 * Sizes, durations and shares as a person writes them: a number and its unit,
 * never a bare number. Read exactly, and described as a regular expression for
 * config/schema.json, which knows no other way to limit a text. Pure.
 */

/** How many of the smallest unit each unit is. */
export type Units = Readonly<Record<string, number>>;

export const BYTES: Units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export const MILLISECONDS: Units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const PERCENT: Units = { '%': 1 };

const MILLION = 1_000_000n;

/** `8MiB` in bytes; `undefined` when it is not a size. */
export function readSize(text: string): number | undefined {
  return wholeNumber(readMillionths(text, BYTES));
}

/** `10s` in milliseconds; `undefined` when it is not a duration. */
export function readDuration(text: string): number | undefined {
  return wholeNumber(readMillionths(text, MILLISECONDS));
}

/** `10%` as 0.1; `undefined` when it is not a share of a whole. */
export function readShare(text: string): number | undefined {
  const percent = readMillionths(text, PERCENT);
  return percent === undefined || percent > 100n * MILLION ? undefined : Number(percent) / 1e8;
}

/** In millionths of the smallest unit, because six decimals are allowed. */
function readMillionths(text: string, units: Units): bigint | undefined {
  const [, whole, fraction = '', unit = ''] = /^(\d{1,15})(?:\.(\d{1,6}))? ?([A-Za-z]{1,3}|%)$/.exec(text) ?? [];
  if (whole === undefined || !Object.hasOwn(units, unit)) return undefined;
  return BigInt(whole + fraction.padEnd(6, '0')) * BigInt(units[unit]!);
}

/** `1.5KiB` is 1536 bytes; `1.3B` is none. */
function wholeNumber(millionths: bigint | undefined): number | undefined {
  if (millionths === undefined || millionths % MILLION !== 0n) return undefined;
  const number = Number(millionths / MILLION);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Matches what the functions above read, whatever its limits: a whole number of the smallest unit, but for shares. */
export function quantityPattern(units: Units): string {
  const unitsBy = new Map<string, string[]>();
  for (const [unit, factor] of Object.entries(units)) {
    const fraction = units === PERCENT ? '\\d+' : wholeFraction(BigInt(factor));
    unitsBy.set(fraction, [...(unitsBy.get(fraction) ?? []), unit]);
  }
  const ways = Array.from(unitsBy, ([fraction, names]) => `\\d+(?:\\.(?:${fraction}))? ?(?:${names.join('|')})`);
  return `^(?=\\d{1,15}(?:\\.\\d{1,6})? ?[A-Za-z%]+$)(?:${ways.join('|')})$`;
}

/** Matches quantities from `min` to `max`, both in the smallest unit; to be used with `quantityPattern`. */
export function rangePattern(units: Units, min: number, max: number): string {
  const ways = Object.entries(units).map(([unit, factor]) => {
    const lowest = (BigInt(min) * MILLION + BigInt(factor) - 1n) / BigInt(factor);
    const highest = (BigInt(max) * MILLION) / BigInt(factor);
    const low = lowest > 0n ? `(?=${atLeast(lowest)})` : '';
    // A number of more than 15 digits is refused in any case.
    const high = highest < 10n ** 21n ? `(?=${atMost(highest)})` : '';
    return `${low}${high}[\\d.]+ ?${unit}`;
  });
  return `^(?:${ways.join('|')})$`;
}

/** Fractions of a unit that are a whole number of the smallest unit. */
function wholeFraction(factor: bigint): string {
  const step = MILLION / greatestCommonDivisor(MILLION, factor);
  if (step === MILLION) return '0+';
  const places = step.toString().replace(/0+$/, '');
  const free = 6 - (step.toString().length - places.length);
  if (places === '1') return `\\d{1,${free}}0*`;
  if (places === '5') return `\\d{1,${free - 1}}5?0*`;
  const count = Number(MILLION / step);
  const fractions = Array.from({ length: count - 1 }, (_, index) => digits(BigInt(index + 1) * step)[1]);
  return `0+|(?:${fractions.join('|')})0*`;
}

function greatestCommonDivisor(one: bigint, other: bigint): bigint {
  return other === 0n ? one : greatestCommonDivisor(other, one % other);
}

function atLeast(millionths: bigint): string {
  const [whole, fraction] = digits(millionths);
  const fractions = [...differing(fraction, 'above', () => ''), fraction];
  const same = fraction === '' ? whole : `${whole}\\.(?:${fractions.join('|')})`;
  return `0*(?:${[`[1-9]\\d{${whole.length},}`, ...differing(whole, 'above', exactly), same].join('|')})`;
}

function atMost(millionths: bigint): string {
  const [whole, fraction] = digits(millionths);
  const shorter = whole === '' ? [] : [`\\d{0,${whole.length - 1}}`];
  const smaller = [...shorter, ...differing(whole, 'below', exactly)].map((way) => `${way}(?:\\.\\d+)?`);
  const beginnings = Array.from(fraction, (_, index) => fraction.slice(0, index + 1));
  const fractions = [...differing(fraction, 'below', () => '\\d*'), ...beginnings, `${fraction}0+`];
  return `0*(?:${[...smaller, `${whole}(?:\\.(?:${fractions.join('|')}))?`].join('|')})(?![\\d.])`;
}

function exactly(count: number): string {
  return `\\d{${count}}`;
}

/** Digits that are the same as `text` up to one place and differ there; `rest` stands for the places behind it. */
function differing(text: string, to: 'above' | 'below', rest: (places: number) => string): string[] {
  return Array.from(text).flatMap((digit, index) => {
    const [first, last] = to === 'above' ? [Number(digit) + 1, 9] : [0, Number(digit) - 1];
    return first > last ? [] : [`${text.slice(0, index)}[${first}-${last}]${rest(text.length - index - 1)}`];
  });
}

/** Before and behind the point, without zeros that change nothing. */
function digits(millionths: bigint): [whole: string, fraction: string] {
  const whole = millionths / MILLION;
  return [whole === 0n ? '' : `${whole}`, `${millionths % MILLION}`.padStart(6, '0').replace(/0+$/, '')];
}
