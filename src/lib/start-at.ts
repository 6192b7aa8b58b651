/** Reads where an export begins, as it is written in the configuration and on the command line. Pure. */

/** Where the very first run begins. Later runs go on where the files end. */
export type StartAt =
  | { readonly kind: 'beginning' }
  /** Only rows that are written after the first start. */
  | { readonly kind: 'end' }
  /** The first row whose `date` is not before this one, `YYYY-MM-DD`. */
  | { readonly kind: 'date'; readonly date: string }
  | { readonly kind: 'id'; readonly id: number };

/** Reads `beginning`, `end`, `2026-11-23` or an id; `undefined` when it is none of them. */
export function readStartAt(text: string): StartAt | undefined {
  if (text === 'beginning' || text === 'end') return { kind: text };
  if (/^\d{4}-\d{2}-\d{2}$/.test(text))
    return Number.isNaN(Date.parse(text)) ? undefined : { kind: 'date', date: text };
  if (/^\d{1,15}$/.test(text)) return { kind: 'id', id: Number(text) };
  return undefined;
}
