/**
 * Writes what has been found of a generation, and remembers it once it is on
 * disk. A failed append changes nothing in memory.
 */
import type { Clock } from '../lib/clock.js';
import { findingLine, rowLine, type Stamp, type WholeRow } from './audit-line.js';
import type { AuditLog } from './audit-log.js';
import type { Breakglass } from './breakglass.js';
import { digestOf, type Trail } from './database/audit-tables.js';
import type { Cell } from './database/database.js';
import type { Finding } from './finding.js';
import type { Generation } from './generation.js';

export interface PenOptions {
  readonly site: string;
  readonly trail: Trail;
  readonly log: AuditLog;
  readonly clock: Clock;
  readonly breakglass: Breakglass;
}

export class Pen {
  readonly #options: PenOptions;

  constructor(options: PenOptions) {
    this.#options = options;
  }

  /**
   * `rows` ascend. All of them say the same `awaiting`, that of before: should a
   * power cut leave a hole in what was not synced, the lines behind it must not
   * vouch for those that were in it.
   */
  async writeRows(generation: Generation, rows: readonly WholeRow[], hasSoundRule: boolean): Promise<void> {
    if (rows.length === 0) return;
    const { trail, log, breakglass } = this.#options;
    const stamp = this.#stamp(generation);
    const judge = await breakglass.judge(hasSoundRule);
    let highest = generation.known.highest;
    let text = '';
    for (const row of rows) {
      text += rowLine(trail, row, { ...stamp, late: row.id < highest, breakglass: judge(row.cells.user) });
      highest = Math.max(highest, row.id);
    }
    await log.append(text);
    for (const { id, cells } of rows) {
      generation.known.set(id, { digest: digestOf(trail, cells), date: dateOf(cells.date), presence: 'present' });
      generation.awaited.remove(id);
    }
  }

  /** What the findings mean for the generation is the caller's to remember. */
  async writeFindings(generation: Generation, findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) return;
    const stamp = this.#stamp(generation);
    const { trail, log } = this.#options;
    await log.append(findings.map((finding) => findingLine(trail, finding, stamp)).join(''));
  }

  #stamp(generation: Generation): Stamp {
    return {
      site: this.#options.site,
      generation: generation.name,
      exportedAtMs: this.#options.clock.nowMs(),
      awaiting: generation.awaiting,
    };
  }
}

function dateOf(cell: Cell | undefined): string | null {
  return typeof cell === 'string' ? cell : null;
}
