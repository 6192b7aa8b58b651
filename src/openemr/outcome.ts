/**
 * Whether what a row tells of has failed. OpenEMR's column says so, but for
 * two things that it always calls failed: a backup that is completed
 * (interface/main/backup.php), and the end of a session that nobody asked for
 * (library/auth.inc.php), which did end.
 */
import { commentsOf } from './comments.js';
import { type Row, textOf } from './row.js';

export function hasFailed(row: Row, success: boolean | undefined): boolean {
  if (success !== false) return false;
  switch (textOf(row.event)) {
    case 'backup':
      return !/completed/.test(textIn(row));
    case 'logout':
      return !/^timeout/.test(textIn(row));
    default:
      return true;
  }
}

function textIn(row: Row): string {
  const { form, bytes } = commentsOf(row);
  return form === 'text' ? bytes.toString('latin1') : '';
}
