/**
 * OpenEMR's audit row as the exporter writes it: one JSON object a line, keys
 * named as the columns of `log`, the sidecar columns of `log_comment_encrypt`
 * beside them and the row of `api_log` under `api`. Only what we read is named;
 * every value may be missing, null or of a type that we did not expect.
 */

export interface Row {
  readonly id?: unknown;
  readonly date?: unknown;
  readonly event?: unknown;
  readonly category?: unknown;
  readonly user?: unknown;
  readonly groupname?: unknown;
  readonly patient_id?: unknown;
  readonly success?: unknown;
  readonly comments?: unknown;
  readonly user_notes?: unknown;
  readonly log_from?: unknown;
  readonly ccda_doc_id?: unknown;
  readonly encrypt?: unknown;
  readonly version?: unknown;
  readonly checksum?: unknown;
  readonly checksum_api?: unknown;
  readonly api?: unknown;
  /** Of `extended_log`, which holds disclosures. */
  readonly recipient?: unknown;
  readonly description?: unknown;
  /** From here on: added by our exporter, absent elsewhere. Which OpenEMR site. */
  readonly site?: unknown;
  /** Which table the id counts in: "Eventlog backup" starts a new one at 1. */
  readonly generation?: unknown;
  /** Is this user in the break-glass group? OpenEMR's row does not say. */
  readonly breakglass?: unknown;
  /** UTC. */
  readonly exported_at?: unknown;
  /** Columns of the audit tables that the exporter does not know, if there are any: a later OpenEMR may hash them. */
  readonly unread?: unknown;
  /** In place of `id`: the line is no row, it tells what became of this one. */
  readonly row_id?: unknown;
  /** And what it says now. */
  readonly row?: unknown;
}

export interface ApiRow {
  readonly client_id?: unknown;
  readonly patient_id?: unknown;
  readonly ip_address?: unknown;
  readonly method?: unknown;
  readonly request_url?: unknown;
  readonly created_time?: unknown;
}

/** The row's API call; empty when it is none. */
export function apiOf({ api }: Row): ApiRow {
  return isObject(api) ? api : NO_API;
}

const NO_API: ApiRow = {};

/** A column as text: empty for null, for what is no scalar, and for a number that JSON could not hold exactly. */
export function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : '';
    case 'boolean':
      return value ? '1' : '0';
    default:
      return '';
  }
}

/** The number of a patient or a document; OpenEMR writes 0 where none is meant. */
export function numberOf(value: unknown): string {
  const text = textOf(value);
  return text === '0' ? '' : text;
}

/** A column that is 0 or 1, as number, text or boolean; `undefined` when it is neither. */
export function flagOf(value: unknown): boolean | undefined {
  const text = textOf(value);
  if (text === '1') return true;
  return text === '0' ? false : undefined;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A line of the exporter's own among the rows. */
export function isAboutRows(row: Row): boolean {
  return row.id === undefined && row.date === undefined;
}
