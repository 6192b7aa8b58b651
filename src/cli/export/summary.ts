/** How the export is, in one line for `systemctl status`: OK, or WAITING and for what; then what it has done. */
import type { Trouble } from '../../lib/report-once.js';
import { countText, plural } from '../voice.js';

export class Summary {
  readonly #trails = new Map<string, string | undefined>();

  /** A table was looked at, or why it could not be. */
  note(trail: string, trouble: Trouble | undefined): void {
    this.#trails.set(trail, trouble?.message);
  }

  line(rows: number): string {
    const counts = `${plural(this.#trails.size, 'table')} followed, ${countText(rows)} rows written since the start`;
    const waiting = [...this.#trails].filter(([, trouble]) => trouble !== undefined);
    if (this.#trails.size === 0) return 'WAITING: no table has been looked at yet';
    if (waiting.length === 0) return `OK: ${counts}`;
    return `WAITING: ${waiting.map(([trail, trouble]) => `${trail}: ${trouble}`).join('; ')}; ${counts}`;
  }
}
