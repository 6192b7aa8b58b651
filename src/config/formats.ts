/**
 * The kinds of values that a configuration key can have. Each reads the text
 * that stands in the file or in a variable, says what it expects, and says the
 * same as JSON schema for editors. convict validates with them.
 */

import { domainToASCII } from 'node:url';
import convict from 'convict';
import { isPattern } from '../lib/pattern.js';
import { readStartAt, type StartAt } from '../lib/start-at.js';
import { canonicalFingerprint } from '../pki/x509/fingerprint.js';
import { type Listen, readListen } from './listen.js';
import {
  BYTES,
  MILLISECONDS,
  PERCENT,
  quantityPattern,
  rangePattern,
  readDuration,
  readShare,
  readSize,
  type Units,
} from './quantity.js';

const ASCII_HOST = /^(?=.{1,253}$)[\w-]+(?:\.[\w-]+)*\.?$|^(?=.*:.*:)[\da-fA-F:.]{2,45}$/;

/** `hôpital.example` as DNS and certificates have it, in A-labels; what is ASCII stays as it is. */
function asciiHost(text: string): string | undefined {
  const host = /^\p{ASCII}*$/u.test(text) ? text : domainToASCII(text);
  return ASCII_HOST.test(host) ? host : undefined;
}

/** Text as it is typed, or lists and groups of it. What has no value is left out. */
export type Text = string | readonly Text[] | { readonly [name: string]: Text };

/** What a key may ask of its value, beside its format. */
export interface Limits {
  readonly min?: string;
  readonly max?: string;
  readonly choices?: readonly string[];
}

export type JsonSchema = Readonly<Record<string, unknown>>;

interface Format<T> {
  /** The value; `null` when it means "none", `undefined` when the text is refused. */
  read(given: Text, limits: Limits): T | null | undefined;
  /** Completes "expected …". */
  expected(limits: Limits): string;
  /** What is taken, in alternatives, as a YAML parser gives it: a number may come as a number or in quotes. */
  json(limits: Limits): readonly JsonSchema[];
}

const BOOLEAN: JsonSchema = { type: 'boolean' };
/** Numbers whose text has no exponent; from 10^21 on it has. */
const NUMBER: JsonSchema = { type: 'number', exclusiveMinimum: -1e21, exclusiveMaximum: 1e21 };
const NOT_NEGATIVE: JsonSchema = { type: 'number', minimum: 0, exclusiveMaximum: 1e21 };

const PORT = '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])';
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${BYTE}(?:\\.${BYTE}){3}`;

/** Parts of the agent by the names that its log gives them. */
const LOG_PARTS = 'source ingest journal link tls receipts health clock status systemd'.split(' ');

/** Syslog facilities by the names that syslog.conf(5) and logger(1) use; the numbers are RFC 5424 table 1. */
const FACILITIES = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

const formats = {
  size: quantity(BYTES, readSize, Number.MAX_SAFE_INTEGER, 'a size with its unit, such as 8MiB'),
  duration: quantity(
    MILLISECONDS,
    readDuration,
    Number.MAX_SAFE_INTEGER,
    'a duration with its unit, such as 10s or 15m',
  ),
  share: quantity(PERCENT, readShare, 100, 'a percentage, such as 10%'),
  switch: {
    read: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
    expected: () => 'true or false',
    json: () => [BOOLEAN, { enum: ['true', 'false'] }],
  } as Format<boolean>,
  choice: {
    read: (given, { choices = [] }) => choices.find((choice) => choice === given),
    expected: ({ choices = [] }) => `one of: ${choices.join(', ')}`,
    json: ({ choices }) => [{ enum: choices }],
  } as Format<string>,
  port: {
    ...textual(new RegExp(`^${PORT}$`), 'a port number from 1 to 65535', {
      type: 'integer',
      minimum: 1,
      maximum: 65_535,
    }),
    read: (given) => (typeof given === 'string' && new RegExp(`^${PORT}$`).test(given) ? Number(given) : undefined),
  } as Format<number>,
  facility: {
    read: (given) => (typeof given === 'string' ? readFacility(given) : undefined),
    expected: () => 'a syslog facility, such as authpriv or local4, or its number from 0 to 23',
    json: () => [
      { enum: FACILITIES },
      { type: 'integer', minimum: 0, maximum: 23 },
      { type: 'string', pattern: '^(?:0?\\d|1\\d|2[0-3])$' },
    ],
  } as Format<number>,
  host: {
    // Which letters of other scripts a name may have is left to the reader, who turns them into A-labels.
    ...textual(
      /^(?=.{1,253}$)[\w\p{L}\p{M}\p{N}-]+(?:\.[\w\p{L}\p{M}\p{N}-]+)*\.?$|^(?=.*:.*:)[\da-fA-F:.]{2,45}$/u,
      'a host name or an IP address, without scheme or port, such as hie.example.org',
      NUMBER,
      BOOLEAN,
    ),
    read: (given) => (typeof given === 'string' ? asciiHost(given) : undefined),
  },
  hostname: textual(
    /^[!-~]{1,255}$/,
    'a host name of at most 255 ASCII characters without spaces (RFC 5424 section 6.2.4)',
    NUMBER,
    BOOLEAN,
  ),
  appName: textual(
    /^[!-~]{1,48}$/,
    'at most 48 ASCII characters without spaces (RFC 5424 section 6.2.5)',
    NUMBER,
    BOOLEAN,
  ),
  enterpriseId: textual(
    // An SD-ID such as audit@32473 has 32 characters at most.
    /^(?=.{1,26}$)[1-9]\d*(?:\.\d+)*$/,
    'a private enterprise number as IANA assigns them, such as 32473 or, with numbers of your own below it, 32473.1.2; ' +
      'at most 26 characters (RFC 5424 section 6.3.2)',
    { ...NOT_NEGATIVE, minimum: 1 },
  ),
  name: textual(
    /^[A-Za-z0-9][\w.-]{0,62}$/,
    'a short name of letters, digits, dots, hyphens and underscores, such as main',
    NOT_NEGATIVE,
    BOOLEAN,
  ),
  site: textual(
    /^$|^[\w.-]{1,63}$/,
    "the name of an OpenEMR site, as in its sites directory, such as 'default'",
    NUMBER,
    BOOLEAN,
  ),
  zone: {
    // Which zones there are depends on the machine: the schema knows only what such names look like.
    ...textual(/^[A-Za-z][\w+/-]*$/, 'a time zone by its IANA name, such as America/New_York'),
    read: (given) => (typeof given === 'string' && isZone(given) ? given : undefined),
  },
  path: textual(/^\/[^\0\n]*$/, 'an absolute path'),
  listen: {
    // Which IPv6 addresses there are is left to the reader of them.
    ...textual(
      new RegExp(`^(?:off|(?:${IPV4}|\\[${IPV4}\\]|\\[[\\da-fA-F]*:[\\da-fA-F:]*(?::${IPV4})?\\]):${PORT})$`),
      'an address and a port, such as 127.0.0.1:9614 or [::1]:9614, or off',
    ),
    read: (given) => {
      const place = typeof given === 'string' ? readListen(given) : undefined;
      return place === 'off' ? null : place;
    },
  } as Format<Listen | undefined>,
  logParts: textualList(new RegExp(`^(?:${LOG_PARTS.join('|')})$`), `a list of parts: ${LOG_PARTS.join(', ')}`, {
    separator: ',',
  }),
  text: textual(/^[^\p{Cc}]{1,128}$/u, 'a name of at most 128 characters', NUMBER, BOOLEAN),
  credential: textual(
    /^\/[^\0\n]*$|^\w[\w.-]{0,254}$/,
    'an absolute path, or the name of a credential (LoadCredential=) of the unit',
    NOT_NEGATIVE,
    BOOLEAN,
  ),
  startAt: {
    ...textual(
      /^(?:beginning|end|\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|\d{1,15})$/,
      'beginning, end, a date such as 2026-11-23, or the id of a row',
      { type: 'integer', minimum: 0, exclusiveMaximum: 1e15 },
    ),
    read: (given) => (typeof given === 'string' ? readStartAt(given) : undefined),
  } as Format<StartAt>,
  globs: textualList(/^\/[^\0\n]*$/, 'a list of absolute paths or globs, such as ["/var/log/openemr-audit/*.log"]'),
  fingerprints: textualList(
    /^(?:[Ss][Hh][Aa]-256:(?:[\da-fA-F]{2}:){31}|[Ss][Hh][Aa]-1:(?:[\da-fA-F]{2}:){19})[\da-fA-F]{2}$/,
    'a list of certificate fingerprints, such as ["sha-256:0A:1B:…"] with all 32 octets (RFC 5425 section 4.2.2)',
    { separator: ',', read: canonicalFingerprint },
  ),
  filters: textualList(
    /^(?:event|category|user)=[\s\S]+$/,
    'a list of event=…, category=… or user=…, such as ["event=http-request-*", "user=phimail-service"]',
  ),
  patterns: textualList(
    // Whether it is a regular expression only RE2 knows.
    /^[\s\S]+$/,
    "a list of regular expressions in RE2's syntax (no look-around, no back references), in quotes, such as ['\\d{3}-\\d{2}-\\d{4}']",
    { read: (text) => (isPattern(text) ? text : undefined), scalars: [NUMBER, BOOLEAN] },
  ),
  ciphers: textual(
    /^[\w:+!@=-]+$/,
    'an OpenSSL cipher list, such as ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
    NUMBER,
    BOOLEAN,
  ),
} satisfies Record<string, Format<unknown>>;

export type FormatName = keyof typeof formats;

/** What a key of this format is for the program. */
export type ValueOf<F extends FormatName> = (typeof formats)[F] extends Format<infer T> ? T : never;

/** The formats without what is special to each. */
export const formatOf: Readonly<Record<FormatName, Format<unknown>>> = formats;

/** convict, with these formats. */
export { convict };

/** A key's `refused` hears what was expected whenever its value is refused: convict itself joins all refusals into one text. */
export type Refused = (expected: string) => void;

for (const [name, format] of Object.entries<Format<unknown>>(formats)) {
  convict.addFormat({
    name,
    // Values stay text for convict; without this it would make numbers of some of them.
    coerce: (text: string) => text,
    validate: (given: Text | null, key: convict.SchemaObj & Limits & { refused?: Refused }) => {
      if (given !== null && format.read(given, key) !== undefined) return;
      const expected = format.expected(key);
      key.refused?.(expected);
      throw new Error(expected);
    },
  });
}

function quantity(
  units: Units,
  read: (text: string) => number | undefined,
  greatest: number,
  what: string,
): Format<number> {
  const limit = (text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : (read(text) ?? otherwise) * (units === PERCENT ? 100 : 1);
  return {
    read: (given, { min, max }) => {
      const value = typeof given === 'string' ? read(given) : undefined;
      if (value === undefined) return undefined;
      return value >= (read(min ?? '') ?? 0) && value <= (read(max ?? '') ?? Number.POSITIVE_INFINITY)
        ? value
        : undefined;
    },
    expected: ({ min, max }) => {
      if (min === undefined) return max === undefined ? what : `${what}, at most ${max}`;
      return max === undefined ? `${what}, at least ${min}` : `${what}, from ${min} to ${max}`;
    },
    json: ({ min, max }) => [
      {
        type: 'string',
        allOf: [
          { pattern: quantityPattern(units) },
          { pattern: rangePattern(units, limit(min, 0), limit(max, greatest)) },
        ],
      },
    ],
  };
}

function textual(pattern: RegExp, expected: string, ...scalars: readonly JsonSchema[]): Format<string> {
  return {
    read: (given) => (typeof given === 'string' && pattern.test(given) ? given : undefined),
    expected: () => expected,
    json: () => [{ type: 'string', pattern: pattern.source }, ...scalars],
  };
}

interface ListOptions {
  /** One text for the whole list is split here; without it such a text is a list of one. */
  readonly separator?: string;
  /** Makes the value of one text that matches. */
  readonly read?: (text: string) => string | undefined;
  /** What beside text an element may be for a YAML parser. */
  readonly scalars?: readonly JsonSchema[];
}

function textualList(
  pattern: RegExp,
  expected: string,
  { separator, read = (text) => text, scalars = [] }: ListOptions = {},
): Format<readonly string[]> {
  const item = pattern.source.slice(1, -1);
  return {
    read: (given, { min = '0' }) => {
      const texts = typeof given === 'string' ? splitAt(separator, given) : given;
      if (!Array.isArray(texts) || texts.length < Number(min)) return undefined;
      const values = texts.map((text) => (typeof text === 'string' && pattern.test(text) ? read(text) : undefined));
      return values.every((value) => value !== undefined) ? values : undefined;
    },
    expected: () => expected,
    json: ({ min = '0' }) => [
      {
        type: 'array',
        items:
          scalars.length === 0
            ? { type: 'string', pattern: pattern.source }
            : { anyOf: [{ type: 'string', pattern: pattern.source }, ...scalars] },
        minItems: Number(min),
      },
      {
        type: 'string',
        pattern: separator === undefined ? pattern.source : `^\\s*${item}\\s*(?:${separator}\\s*${item}\\s*)*$`,
      },
      ...scalars,
    ],
  };
}

function splitAt(separator: string | undefined, text: string): string[] {
  return separator === undefined ? [text] : text.split(separator).map((part) => part.trim());
}

function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  // Of all that a start does, making a first DateTimeFormat is among the slowest; a name that is not listed may be another name of a zone.
  if (Intl.supportedValuesOf('timeZone').includes(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A name or a number in text, as 0 to 23; `undefined` when it is neither. */
export function readFacility(text: string): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : FACILITIES.indexOf(text);
  return number >= 0 && number < FACILITIES.length ? number : undefined;
}
