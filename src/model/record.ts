/**
 * One parsed audit entry. Only what every later step needs by name; the line
 * itself travels beside it, byte for byte.
 */

/** A field of the audit entry as it goes into structured data; name is a valid SD PARAM-NAME. */
export type Field = readonly [name: string, value: string];

export interface AuditRecord {
  /** OpenEMR's event, for example `patient-record-select`; empty when the row has none. */
  readonly event: string;
  /** `undefined` when the row does not say. */
  readonly success: boolean | undefined;
  /** Wall time as stored, `YYYY-MM-DDTHH:MM:SS` with optional fraction, in the zone of the source. */
  readonly wallTime: string | undefined;
  /** A moment (UTC, ms since 1970) that cannot lie before the entry: tells the two passes of a doubled hour apart. */
  readonly notAfterMs: number | undefined;
  /** The moment that the entry names itself (UTC, ms since 1970), when it is no row of OpenEMR's and has no wall time. */
  readonly atMs?: number;
  /** Further facts in the order in which they go out: user, patient, category, row … */
  readonly fields: readonly Field[];
}

/** A line that could not be understood: it is sent all the same, with the reason. */
export interface Unparsed {
  /** One word or a few joined by hyphens: `not-json`, `no-date`, `part` … */
  readonly unparsed: string;
}
