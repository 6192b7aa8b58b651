/**
 * The kinds of values that a configuration key can have, as convict formats.
 * Every value reaches convict as text (from the file or from a variable):
 * `coerce` makes the typed value of it, or leaves the text where it cannot, and
 * `accepts` refuses what has stayed text or lies outside the key's limits.
 */
import convict from 'convict';
import { isPattern } from '../lib/pattern.js';
import { readStartAt } from '../lib/start-at.js';
import { LOG_PARTS } from './config.js';
import { readListen } from './listen.js';

/** What a key may ask of its value, beside its format. */
export interface Limits {
  readonly min?: string;
  readonly max?: string;
  readonly choices?: readonly string[];
}

interface Format {
  readonly coerce?: (text: string) => unknown;
  accepts(value: unknown, limits: Limits): boolean;
  /** Completes "expected …". */
  expected(limits: Limits): string;
}

const formats = {
  size: {
    coerce: readSize,
    accepts: (value, limits) => within(value, limits, readSize),
    expected: (limits) => `a size with its unit, such as 8MiB${range(limits)}`,
  },
  duration: {
    coerce: readDuration,
    accepts: (value, limits) => within(value, limits, readDuration),
    expected: (limits) => `a duration with its unit, such as 10s or 15m${range(limits)}`,
  },
  share: {
    coerce: readShare,
    accepts: (value, limits) => within(value, limits, readShare),
    expected: (limits) => `a percentage, such as 10%${range(limits)}`,
  },
  switch: {
    coerce: (text) => ({ true: true, false: false })[text],
    accepts: (value) => typeof value === 'boolean',
    expected: () => 'true or false',
  },
  choice: {
    accepts: (value, { choices = [] }) => typeof value === 'string' && choices.includes(value),
    expected: ({ choices = [] }) => `one of: ${choices.join(', ')}`,
  },
  port: {
    coerce: (text) => (/^[1-9]\d{0,4}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined),
    accepts: (value) => typeof value === 'number',
    expected: () => 'a port number from 1 to 65535',
  },
  facility: {
    coerce: readFacility,
    accepts: (value) => typeof value === 'number',
    expected: () => 'a syslog facility, such as authpriv or local4, or its number from 0 to 23',
  },
  host: {
    accepts: matches(/^(?=.{1,253}$)[\w-]+(\.[\w-]+)*\.?$|^(?=.*:.*:)[\da-fA-F:.]{2,45}$/),
    expected: () => 'a host name or an IP address, without scheme or port, such as hie.example.org',
  },
  hostname: {
    accepts: matches(/^[!-~]{1,255}$/),
    expected: () => 'a host name of at most 255 ASCII characters without spaces (RFC 5424 section 6.2.4)',
  },
  appName: {
    accepts: matches(/^[!-~]{1,48}$/),
    expected: () => 'at most 48 ASCII characters without spaces (RFC 5424 section 6.2.5)',
  },
  enterpriseId: {
    // An SD-ID such as audit@32473 has 32 characters at most.
    accepts: matches(/^(?=.{1,26}$)[1-9]\d*(\.\d+)*$/),
    expected: () =>
      'a private enterprise number as IANA assigns them, such as 32473 or, with numbers of your own below it, 32473.1.2; ' +
      'at most 26 characters (RFC 5424 section 6.3.2)',
  },
  name: {
    accepts: matches(/^[A-Za-z0-9][\w.-]{0,62}$/),
    expected: () => 'a short name of letters, digits, dots, hyphens and underscores, such as main',
  },
  site: {
    accepts: matches(/^$|^[\w.-]{1,63}$/),
    expected: () => "the name of an OpenEMR site, as in its sites directory, such as 'default'",
  },
  zone: {
    accepts: (value) => typeof value === 'string' && isZone(value),
    expected: () => 'a time zone by its IANA name, such as America/New_York',
  },
  path: {
    accepts: matches(/^\/[^\0\n]*$/),
    expected: () => 'an absolute path',
  },
  listen: {
    accepts: (value) => typeof value === 'string' && readListen(value) !== undefined,
    expected: () => 'an address and a port, such as 127.0.0.1:9614 or [::1]:9614, or off',
  },
  logParts: {
    coerce: splitList,
    accepts: (value) => Array.isArray(value) && value.every((part) => LOG_PARTS.includes(part)),
    expected: () => `a list of parts: ${LOG_PARTS.join(', ')}`,
  },
  text: {
    accepts: matches(/^[^\p{Cc}]{1,128}$/u),
    expected: () => 'a name of at most 128 characters',
  },
  credential: {
    accepts: matches(/^\/[^\0\n]*$|^\w[\w.-]{0,254}$/),
    expected: () => 'an absolute path, or the name of a credential (LoadCredential=) of the unit',
  },
  startAt: {
    accepts: (value) => typeof value === 'string' && readStartAt(value) !== undefined,
    expected: () => 'beginning, end, a date such as 2026-11-23, or the id of a row',
  },
  globs: {
    coerce: (text) => [text],
    accepts: listOf(/^\/[^\0\n]*$/),
    expected: () => 'a list of absolute paths or globs, such as ["/var/log/openemr-audit/*.log"]',
  },
  fingerprints: {
    coerce: splitList,
    accepts: listOf(/^(sha-256:([\da-f]{2}:){31}|sha-1:([\da-f]{2}:){19})[\da-f]{2}$/i),
    expected: () =>
      'a list of certificate fingerprints, such as ["sha-256:0A:1B:…"] with all 32 octets (RFC 5425 section 4.2.2)',
  },
  filters: {
    coerce: (text) => [text],
    accepts: listOf(/^(event|category|user)=.+$/s),
    expected: () => 'a list of event=…, category=… or user=…, such as ["event=http-request-*", "user=phimail-service"]',
  },
  patterns: {
    coerce: (text) => [text],
    accepts: (value) => Array.isArray(value) && value.every((text) => text !== '' && isPattern(text)),
    expected: () =>
      "a list of regular expressions as RE2 knows them (no look-around, no back references), in quotes, such as ['\\d{3}-\\d{2}-\\d{4}']",
  },
  ciphers: {
    accepts: matches(/^[\w:+!@=-]+$/),
    expected: () => 'an OpenSSL cipher list, such as ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  },
} satisfies Record<string, Format>;

/** convict, with these formats. */
export { convict };

export type FormatName = keyof typeof formats;

/** What a value of this format looks like, as it is told when another was found. */
export function expectedOf(name: FormatName, limits: Limits): string {
  const format: Format = formats[name];
  return format.expected(limits);
}

/** A key's `refused` hears what was expected whenever its value is refused: convict itself joins all refusals into one text. */
export type Refused = (expected: string) => void;

for (const [name, format] of Object.entries<Format>(formats)) {
  convict.addFormat({
    name,
    coerce: (text: string) => format.coerce?.(text) ?? text,
    validate: (value: unknown, key: convict.SchemaObj & Limits & { refused?: Refused }) => {
      if (format.accepts(value, key)) return;
      const expected = format.expected(key);
      key.refused?.(expected);
      throw new Error(expected);
    },
  });
}

function within(value: unknown, { min, max }: Limits, read: (text: string) => number | undefined): boolean {
  if (typeof value !== 'number') return false;
  return value >= (read(min ?? '') ?? 0) && value <= (read(max ?? '') ?? Number.POSITIVE_INFINITY);
}

function range({ min, max }: Limits): string {
  if (min === undefined) return max === undefined ? '' : `, at most ${max}`;
  return max === undefined ? `, at least ${min}` : `, from ${min} to ${max}`;
}

function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value);
}

function listOf(pattern: RegExp): (value: unknown, limits: Limits) => boolean {
  return (value, { min }) => Array.isArray(value) && value.length >= Number(min ?? 0) && value.every(matches(pattern));
}

function splitList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/* Syslog facilities by the names that syslog.conf(5) and logger(1) use; the numbers are RFC 5424 table 1. */

const NAMES = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

/** A name or a number in text, as 0 to 23; `undefined` when it is neither. */
export function readFacility(text: string): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : NAMES.indexOf(text);
  return number >= 0 && number < NAMES.length ? number : undefined;
}

/* Sizes, durations and shares as a person writes them: a number and its unit, never a bare number. Pure. */

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
