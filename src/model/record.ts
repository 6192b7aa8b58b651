/**
 * One parsed audit entry: only what later steps need by name. The line itself
 * travels beside it, byte for byte.
 */

/** A field of the audit entry as it goes into structured data; name is a valid SD PARAM-NAME. */
export type Field = readonly [name: string, value: string];

/**
 * Whether a row still is what OpenEMR wrote:
 * - `ok`: its checksum is that of its columns
 * - `altered`: it is not, and nothing but a change explains it
 * - `unverifiable`: it is not, and the database may have stored something else than OpenEMR hashed
 * - `none`: it has none, or not all of the columns that it covers
 */
export type Checksum = 'ok' | 'altered' | 'unverifiable' | 'none';

/** The trail was changed since OpenEMR wrote it: by a row's checksum, or as the exporter found the row in the database. */
export interface Tampering {
  readonly how: 'altered' | 'deleted' | 'edited';
  /** As the field `row` names it; empty when nothing does. */
  readonly row: string;
}

/** A user of the break-glass group has come, or gone. */
export type Emergency = 'start' | 'stop';

export interface AuditRecord {
  /** OpenEMR's event, for example `patient-record-select`; empty when the row has none. */
  readonly event: string;
  /** Which site of OpenEMR; empty when neither the configuration nor the row nor the path says. */
  readonly site: string;
  /** As the row says; `undefined` when it does not. */
  readonly success: boolean | undefined;
  /** What was tried has failed, whatever the row says: OpenEMR calls some things failed that were not. */
  readonly failed: boolean;
  readonly checksum: Checksum;
  readonly tampering: Tampering | undefined;
  readonly emergency: Emergency | undefined;
  /** Wall time as stored, `YYYY-MM-DDTHH:MM:SS` with optional fraction, in the zone of the source. */
  readonly wallTime: string | undefined;
  /** A moment (UTC, ms since 1970) that cannot lie before the entry: tells the two passes of a doubled hour apart. */
  readonly notAfterMs: number | undefined;
  /** The moment that the entry names itself (UTC, ms since 1970), when it is no row of OpenEMR's and has no wall time. */
  readonly atMs?: number;
  /** Further facts in the order in which they go out: user, patient, category, row … */
  readonly fields: readonly Field[];
}

/** What more a row says, as text; empty where it says nothing. */
export interface Columns {
  readonly user: string;
  readonly patient: string;
  /** The text of `comments`; empty when they are encrypted. */
  readonly comments: string;
  /** The octets behind it, which need not be text; of encrypted comments what is stored. */
  readonly commentBytes: Buffer;
  readonly notes: string;
  /** The address that somebody came from. */
  readonly ip: string;
  /** Of an API call: what it did, to what. */
  readonly method: string;
  readonly url: string;
  /** The registered client of OpenEMR's API whose token was used. */
  readonly client: string;
  /** The clinical document that was made or sent, by its number. */
  readonly document: string;
  /** Of a disclosure: its number, and who received it. */
  readonly id: string;
  readonly recipient: string;
}

/** A line that could not be understood: it is sent all the same, with the reason. */
export interface Unparsed {
  /** One word or a few joined by hyphens: `not-json`, `no-date`, `part` … */
  readonly unparsed: string;
}
