/**
 * Writes rows and findings of a generation, and remembers them once they are on disk.
 * A failed append changes nothing in memory.
 */
import type { Clock } from '../../lib/clock.js';
import { digestOf, sidesDigestOf, type Trail } from '../database/audit-tables.js';
import type { Database } from '../database/database.js';
import type { Generation, KnownRow } from '../follow/generation.js';
import type { AuditLog } from './audit-file.js';
import { type Finding, findingLine, rowLine, type Stamp, type WholeRow } from './audit-line.js';

export interface RowWriterOptions {
  readonly site: string;
  readonly trail: Trail;
  readonly log: AuditLog;
  readonly clock: Clock;
  readonly breakglass: Breakglass;
}

/** What is different in other versions of OpenEMR. */
export interface Version {
  /** 5.0 knows a break-glass user by the sound of the name. */
  readonly hasSoundRule: boolean;
  /** Columns that this program does not know. */
  readonly unread: readonly string[];
}

export class RowWriter {
  readonly #options: RowWriterOptions;

  constructor(options: RowWriterOptions) {
    this.#options = options;
  }

  /**
   * `rows` ascend. All of them say the same `awaiting`, that of before: should a
   * power cut leave a hole in what was not synced, the lines behind it must not
   * vouch for those that were in it.
   */
  async writeRows(generation: Generation, rows: readonly WholeRow[], { hasSoundRule, unread }: Version): Promise<void> {
    if (rows.length === 0) return;
    const { trail, log, breakglass } = this.#options;
    const stamp = this.#stamp(generation);
    const judge = await breakglass.judge(hasSoundRule);
    let highest = generation.known.highest;
    let text = '';
    for (const row of rows) {
      text += rowLine(trail, row, { ...stamp, late: row.id < highest, breakglass: judge(row.cells.user), unread });
      highest = Math.max(highest, row.id);
    }
    await log.append(text);
    for (const row of rows) {
      const { id } = row;
      generation.known.set(id, knownOf(trail, row));
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

/** What is remembered of a row that is in the file. */
export function knownOf(trail: Trail, { cells, seal, api, isSwapped = false }: Omit<WholeRow, 'id'>): KnownRow {
  const date = typeof cells.date === 'string' ? cells.date : null;
  const sides = sidesDigestOf(seal, api);
  return { digest: digestOf(trail, cells), sides, mayLoseSides: isSwapped, date, presence: 'present' };
}

/*
 * Is a user in the break-glass group? OpenEMR's rows do not say. From 6.0 it is
 * the access control group `breakglass`; 5.0 (which has no `api_log`) asks
 * whether the login name sounds like "emergency" or "breakglass".
 */

/** Membership is asked for again after this time: somebody may just have been let in. */
const FRESH_MS = 15_000;

export class Breakglass {
  readonly #database: Database;
  readonly #clock: Clock;
  #members: { readonly users: ReadonlySet<string> | undefined; readonly atMs: number } | undefined;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** A function that answers for one user after another; null: it cannot be known. */
  async judge(hasSoundRule: boolean): Promise<(user: unknown) => boolean | null> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#members === undefined || nowMs - this.#members.atMs > FRESH_MS) {
      this.#members = { users: await this.#database.breakglassUsers(), atMs: nowMs };
    }
    const { users } = this.#members;
    return (user) => {
      if (typeof user !== 'string' || user === '') return users === undefined ? null : false;
      if (users?.has(user.toLowerCase())) return true;
      if (hasSoundRule) return SOUNDS.includes(soundex(user));
      return users === undefined ? null : false;
    };
  }
}

const CODES: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...'BFPV'].map((letter) => [letter, '1'])),
  ...Object.fromEntries([...'CGJKQSXZ'].map((letter) => [letter, '2'])),
  ...Object.fromEntries([...'DT'].map((letter) => [letter, '3'])),
  L: '4',
  ...Object.fromEntries([...'MN'].map((letter) => [letter, '5'])),
  R: '6',
};

/** As PHP's `soundex`: H and W do not part letters of the same code, vowels do, what is no letter is passed over. */
export function soundex(text: string): string {
  let sound = '';
  let last = '';
  for (const letter of text.toUpperCase()) {
    if (letter < 'A' || letter > 'Z') continue;
    const code = CODES[letter] ?? '';
    if (sound === '') sound = letter;
    else if (code !== '' && code !== last) sound += code;
    if (letter !== 'H' && letter !== 'W') last = code;
    if (sound.length === 4) break;
  }
  return sound === '' ? '' : sound.padEnd(4, '0');
}

const SOUNDS: readonly string[] = [soundex('emergency'), soundex('breakglass')];
