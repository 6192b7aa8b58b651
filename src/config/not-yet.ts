/**
 * Keys and values that belong to the configuration and whose part is not in
 * this version. They are refused, never accepted and ignored. A part that
 * lands takes its line away here.
 */

interface NotYet {
  /** Path of a key, or of a group with all that is in it; `[]` stands for any place in a list. */
  readonly key: string;
  /** Only this value of the key. */
  readonly value?: string;
}

const NOT_YET: readonly NotYet[] = [
  { key: 'sources[].format', value: 'openemr-tsv' },
  { key: 'message.profile', value: 'atna' },
  { key: 'message.comments' },
  { key: 'message.include' },
  { key: 'message.exclude' },
  { key: 'message.redact' },
  { key: 'tls.purpose' },
  { key: 'status.listen' },
  { key: 'export' },
];

/** `path` as in a fault, `sources[1].format`; `value` undefined when it is not plain text. */
export function isNotYet(path: string, value: string | undefined): boolean {
  const key = path.replaceAll(/\[\d+\]/g, '[]');
  return NOT_YET.some((entry) => entry.key === key && (entry.value === undefined || entry.value === value));
}

/** True for a group that holds nothing but such keys, for example `status`. */
export function leadsToNotYet(path: string): boolean {
  return NOT_YET.some((entry) => entry.key.startsWith(`${path}.`));
}
