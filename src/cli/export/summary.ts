/** How the export is, in one line for `systemctl status`: OK, or WAITING and for what; then what it has done. */
import { countText, plural } from '../voice.js';

export class Summary {
  readonly #trails = new Map<string, string | undefined>();

  /** `error`: why the table could not be read. */
  note(trail: string, error: { readonly message: string } | undefined): void {
    this.#trails.set(trail, error?.message);
  }

  line(rows: number): string {
    const counts = `${plural(this.#trails.size, 'table')} followed, ${countText(rows)} rows written since the start`;
    const waiting = [...this.#trails].filter(([, reason]) => reason !== undefined);
    if (this.#trails.size === 0) return 'WAITING: no table has been looked at yet';
    if (waiting.length === 0) return `OK: ${counts}`;
    return `WAITING: ${waiting.map(([trail, reason]) => `${trail}: ${reason}`).join('; ')}; ${counts}`;
  }
}
