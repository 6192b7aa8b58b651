/**
 * What a file's name says of rotation: which name it had while it was written
 * to, and how it is compressed. Covers logrotate (numbers, `dateext`,
 * `extension`, any compression), Apache's rotatelogs, newsyslog and the usual
 * `.old`. A name only proposes; whether one file continues another is decided
 * by content. Pure.
 */

export type Compression = 'none' | 'gzip' | 'unsupported';

const COMPRESSED = /\.(?:gz|bz2|xz|zst|zip|lz4|lzma|Z|7z)$/;
const ROTATED_SUFFIX = /[.\-_](?:\d[\d.\-_:T]*Z?|old|bak|prev)$/;
// logrotate moves a log aside that its writer has made anew before logrotate could.
const MOVED_ASIDE = /\.backup$/;
const DATED = /^(.+?)[.\-_](\d[\d.\-_:T]*Z?)(\.[^.]*[a-z][^.]*)$/i;
// A date, or a date and time: fewer digits between stem and extension are part of a name (`node-12.log`).
const MIN_DATE_DIGITS = 6;

export function compressionOf(name: string): Compression {
  if (name.endsWith('.gz')) return 'gzip';
  return COMPRESSED.test(name) ? 'unsupported' : 'none';
}

export function isCompressed(path: string): boolean {
  return compressionOf(path) === 'gzip';
}

/**
 * The names that the file may have had while it was written to, the likeliest
 * first: `audit.log.2.gz` -> `audit.log`; `audit-20260101.log` -> itself, `audit.log`.
 */
export function liveNames(name: string): readonly [string, ...string[]] {
  const plain = name.replace(COMPRESSED, '') || name;
  const live = plain.replace(MOVED_ASIDE, '').replace(ROTATED_SUFFIX, '') || plain;
  const [, stem, date, extension] = DATED.exec(live) ?? [];
  if (stem === undefined || date === undefined || date.replaceAll(/\D/g, '').length < MIN_DATE_DIGITS) return [live];
  return [live, stem + extension];
}
