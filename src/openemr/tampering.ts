/**
 * Signs that somebody has changed the trail since OpenEMR wrote it: a row that
 * does not fit its checksum, and what the exporter found when it compared the
 * database with what it had written before.
 */
import type { Checksum, Tampering } from '../model/record.js';
import { isAboutRows, type Row } from './row.js';

/** `row` is the name of the row itself, `about` that of the row which a line of the exporter's tells of. */
export function tamperingOf(
  row: Row,
  checksum: Checksum,
  names: { row: string; about: string },
): Tampering | undefined {
  if (checksum === 'altered') return { how: 'altered', row: names.row };
  if (!isAboutRows(row)) return undefined;
  switch (row.event) {
    case 'audit-trail-row-deleted':
      return { how: 'deleted', row: names.about };
    case 'audit-trail-row-edited':
      return { how: 'edited', row: names.about };
    default:
      return undefined;
  }
}
