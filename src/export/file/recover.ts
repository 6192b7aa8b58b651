/**
 * Finds out after a restart what has been exported, by reading the file from its end.
 *
 * The last line's `awaiting` says that every row below it is settled. Rows at or above
 * it were written anywhere after the last row, not late, whose id is lower: rows that
 * are not late ascend. Reading goes on from there for the window of rows that are
 * compared with the table.
 */
import type { Trail } from '../database/audit-tables.js';
import { SWAP_ROWS } from '../database/side-tables.js';
import { Known, type KnownRow } from '../follow/generation.js';
import type { AuditLog } from './audit-file.js';
import { type ReadLine, readLine, type WholeRow } from './audit-line.js';
import { knownOf } from './writer.js';

/** AUTO_INCREMENT counts from 1. */
const FIRST_ID = 1;

export type Recovered =
  /** `previous` is the last generation that has ended. */
  | { readonly kind: 'between'; readonly previous: string | undefined }
  | { readonly kind: 'within'; readonly generation: string; readonly awaiting: number; readonly known: Known };

/** Throws what the log throws. Lines that are not ours, and stumps, are passed over. */
export async function readBack(log: AuditLog, trail: Trail, window: number): Promise<Recovered> {
  let reading: LastGeneration | undefined;
  for await (const bytes of log.backward()) {
    const line = readLine(trail, bytes);
    if (line === undefined) continue;
    if (reading === undefined) {
      if (isEnd(line)) return { kind: 'between', previous: line.generation };
      reading = new LastGeneration(trail, line);
    }
    if (!reading.take(line, window)) break;
  }
  return reading?.result() ?? { kind: 'between', previous: undefined };
}

/** The last generation whose name begins so: its rows may be in the table again. */
export async function readBackEarlier(
  log: AuditLog,
  trail: Trail,
  name: string,
  window: number,
): Promise<(Recovered & { readonly kind: 'within' }) | undefined> {
  let reading: LastGeneration | undefined;
  for await (const bytes of log.backward()) {
    const line = readLine(trail, bytes);
    if (line === undefined) continue;
    if (reading === undefined && line.generation.split('.')[0] === name)
      reading = new LastGeneration(trail, line, true);
    if (reading !== undefined && !reading.take(line, window)) break;
  }
  return reading?.result();
}

function isEnd(line: ReadLine): boolean {
  return line.kind === 'finding' && line.finding.kind === 'table-replaced';
}

/** Gathers lines of one generation, from the last one back. */
class LastGeneration {
  readonly #trail: Trail;
  readonly #last: ReadLine;
  readonly #rows = new Map<number, KnownRow>();
  /** What later lines say of rows that stand before them. */
  readonly #presence = new Map<number, KnownRow['presence']>();
  readonly #edits = new Map<number, WholeRow>();
  #low: number;
  #settledRows = 0;
  /** Lines of other generations come before more of this one: its table was away and was restored. */
  #isAway: boolean;
  /** So many rows were written last before the table was away: their side rows may have got into one that was dropped. */
  #swapRows: number;

  constructor(trail: Trail, last: ReadLine, isAway = false) {
    this.#isAway = isAway;
    this.#swapRows = isAway ? SWAP_ROWS : 0;
    this.#trail = trail;
    this.#last = last;
    this.#low = last.awaiting;
  }

  /** False when enough has been read. */
  take(line: ReadLine, window: number): boolean {
    if (line.generation !== this.#last.generation) {
      if (this.#isAway) return true;
      // That was the beginning of this one: nothing of it stands further back.
      this.#low = FIRST_ID;
      return false;
    }
    if (line.kind === 'finding') return this.#takeFinding(line);
    this.#isAway = false;
    if (!this.#rows.has(line.id)) {
      const row = knownOf(this.#trail, this.#edits.get(line.id) ?? line);
      this.#rows.set(line.id, { ...row, mayLoseSides: line.isSwapped === true || this.#swapRows > 0 });
    }
    this.#swapRows -= 1;
    if (line.late) return true;
    this.#low = Math.min(this.#low, line.id);
    if (line.id < this.#last.awaiting) this.#settledRows += 1;
    return this.#settledRows < window;
  }

  result(): Recovered & { readonly kind: 'within' } {
    const { generation, awaiting } = this.#last;
    const known = new Known(this.#low);
    for (const [id, row] of this.#rows) {
      // A late row below the first one that was read: what else was late beside it is not known.
      if (id >= this.#low) known.set(id, { ...row, presence: this.#presence.get(id) ?? 'present' });
    }
    return { kind: 'within', generation, awaiting, known };
  }

  #takeFinding({ finding }: ReadLine & { kind: 'finding' }): boolean {
    switch (finding.kind) {
      case 'row-deleted':
      case 'row-restored':
        if (!this.#presence.has(finding.id)) {
          this.#presence.set(finding.id, finding.kind === 'row-deleted' ? 'deleted' : 'present');
        }
        return true;
      case 'row-edited':
        if (!this.#edits.has(finding.id)) this.#edits.set(finding.id, finding);
        return true;
      case 'table-replaced':
        return this.#isAway;
      case 'table-restored':
        this.#isAway = true;
        this.#swapRows = SWAP_ROWS;
        return true;
      // Not in this file.
      case 'dump-read':
        return true;
      case 'begun':
        this.#low = finding.fromId;
        return false;
      default:
        return finding satisfies never;
    }
  }
}
