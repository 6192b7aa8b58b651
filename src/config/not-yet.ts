/**
 * Keys that belong to the configuration and whose part is not in this version.
 * They are refused, never accepted and ignored. A part that lands takes its
 * line away here.
 */

/** Path of a key, or of a group with all that is in it; `[]` stands for any place in a list. */
const NOT_YET: readonly string[] = ['status.listen'];

/** `path` as in a fault, `sources[1].format`. */
export function isNotYet(path: string): boolean {
  return NOT_YET.includes(path.replaceAll(/\[\d+\]/g, '[]'));
}

/** True for a group that holds nothing but such keys, for example `status`. */
export function leadsToNotYet(path: string): boolean {
  return NOT_YET.some((entry) => entry.startsWith(`${path}.`));
}
