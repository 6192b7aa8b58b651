/**
 * Compares the exported rows with the table from time to time, writes what was deleted
 * or edited into the file, and detects that the table was replaced.
 */
import type { Context } from '../../lib/context.js';
import type { Trail } from '../database/audit-tables.js';
import type { Database, IdRange, Schema } from '../database/database.js';
import { rangesOf } from '../database/id-ranges.js';
import { ReferenceIndex, SideTables } from '../database/side-tables.js';
import { scanWhole, withSides } from '../database/whole-rows.js';
import type { Finding } from '../file/audit-line.js';
import { knownOf, type RowWriter } from '../file/writer.js';
import type { Awaited, Generation, Known } from '../follow/generation.js';

/** Edited rows are read a few at a time: they may be large. */
const EDITED_ROWS = 50;

export interface InspectorOptions {
  readonly site: string;
  readonly trail: Trail;
  readonly examineMs: number;
  /** By how many rows those written at the same time may have changed places between the tables. */
  readonly skewRows: number;
}

export interface InspectorParts extends Pick<Context, 'clock' | 'report' | 'problems'> {
  readonly database: Database;
}

export class Inspector {
  readonly #options: InspectorOptions;
  readonly #parts: InspectorParts;
  readonly #writer: RowWriter;
  #lastMs: number | undefined;
  /** Rows whose side rows were not those in the file, at the last look. */
  #suspects: ReadonlySet<number> = new Set();

  constructor(options: InspectorOptions, parts: InspectorParts, writer: RowWriter) {
    this.#options = options;
    this.#parts = parts;
    this.#writer = writer;
  }

  /** The next look is due at once. */
  expire(): void {
    this.#lastMs = undefined;
  }

  isDue(generation: Generation): boolean {
    if (this.#lastMs === undefined || this.isBlind(generation)) return true;
    return this.#parts.clock.monotonicMs() - this.#lastMs >= this.#options.examineMs;
  }

  /** Rows are known, but none is in the table at present that could prove it to be the same. */
  isBlind({ known }: Generation): boolean {
    return known.anchors(1).length === 0 && known.ids.some((id) => known.get(id)?.presence === 'missing');
  }

  async inspect(generation: Generation): Promise<Examination['verdict']> {
    const { database, clock } = this.#parts;
    // Tables that are being swapped are renamed one after another: what they were called is not what they are called.
    const schema = await database.schema();
    const examination = await examine(database, this.#sidesIn(schema), this.#options.trail, generation);
    this.#lastMs = clock.monotonicMs();
    if (examination.verdict !== 'same') return examination.verdict;
    this.#raiseWhetherBehind(examination.isBehind);
    await this.#writeGone(generation, examination);
    const others = await this.#sidesIn(schema).withoutTwins(
      this.#confirmed(examination),
      (id, sides) => sides !== undefined && sides === generation.known.get(id)?.sides,
    );
    await this.#writeEdited(generation, [...examination.edited, ...others]);
    await this.#writeRestored(generation, examination.intact);
    for (const [id, sides] of examination.completed) complete(generation.known, id, sides);
    generation.awaited.add(examination.unknown, this.#lastMs);
    return 'same';
  }

  /** Also what the side tables were renamed to: in the middle of a swap the rows are there. */
  #sidesIn(schema: Schema): SideTables {
    const { trail, skewRows } = this.#options;
    const finders = (table: string | undefined) =>
      [...schema.keys()]
        .filter((name) => table !== undefined && (name === table || name.startsWith(`${table}_`)))
        .filter((name) => ['id', 'log_id'].every((column) => schema.get(name)?.has(column)))
        .sort((a, b) => a.length - b.length)
        .map((name) => new ReferenceIndex(this.#parts.database, name, skewRows));
    return new SideTables(this.#parts.database, finders(trail.sealTable), finders(trail.apiTable));
  }

  /** Those that were so at the last look, too: of a table that is being swapped nothing is believed at once. */
  #confirmed({ otherSides, isBehind }: Examination): readonly number[] {
    const confirmed = isBehind ? [] : otherSides.filter((id) => this.#suspects.has(id));
    this.#suspects = new Set(otherSides);
    return confirmed;
  }

  #raiseWhetherBehind(isBehind: boolean): void {
    const { problems } = this.#parts;
    const { site, trail } = this.#options;
    const key = `export-behind ${site} ${trail.table}`;
    const facts = { site, table: trail.table };
    const message = 'The database has not come as far as the file; is it a replica?';
    if (isBehind) problems.raise({ key, message, facts, over: 'The database has come as far as the file again' });
    else problems.clear(key, facts);
  }

  async #writeGone(generation: Generation, { missing, isBehind }: Examination): Promise<void> {
    const { known } = generation;
    if (isBehind) {
      for (const id of missing) mark(known, id, 'missing');
      return;
    }
    const gone = missing.filter((id) => known.get(id)?.presence !== 'deleted');
    await this.#write(
      generation,
      gone.map((id) => ({ kind: 'row-deleted', id, date: known.get(id)?.date ?? null })),
    );
    for (const id of gone) mark(known, id, 'deleted');
  }

  async #writeRestored(generation: Generation, intact: readonly number[]): Promise<void> {
    const { known } = generation;
    const restored = intact.filter((id) => known.get(id)?.presence === 'deleted');
    await this.#write(
      generation,
      restored.map((id) => ({ kind: 'row-restored', id, date: known.get(id)?.date ?? null })),
    );
    for (const id of intact) mark(known, id, 'present');
  }

  async #writeEdited(generation: Generation, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const { database } = this.#parts;
    const { trail } = this.#options;
    const ascending = [...new Set(ids)].sort((a, b) => a - b);
    const sides = this.#sidesIn(await database.schema());
    for (let at = 0; at < ascending.length; at += EDITED_ROWS) {
      const page = await database.rows(trail.table, trail.columns, rangesOf(ascending.slice(at, at + EDITED_ROWS)));
      for await (const rows of withSides(page, trail, sides)) {
        await this.#write(
          generation,
          rows.map((row) => ({ kind: 'row-edited', ...row })),
        );
        for (const row of rows) generation.known.set(row.id, knownOf(trail, row));
      }
    }
  }

  async #write(generation: Generation, findings: readonly Finding[]): Promise<void> {
    const [first] = findings;
    if (first === undefined) return;
    await this.#writer.writeFindings(generation, findings);
    const { site, trail } = this.#options;
    const facts = { site, table: trail.table, finding: first.kind, rows: findings.length };
    this.#parts.report.warning('Rows that were exported have been changed in the database', facts);
  }
}

function mark(known: Known, id: number, presence: 'present' | 'missing' | 'deleted'): void {
  const row = known.get(id);
  if (row !== undefined && row.presence !== presence) known.set(id, { ...row, presence });
}

/** Side rows have come that were not there when the row was written. */
function complete(known: Known, id: number, sides: string): void {
  const row = known.get(id);
  // They were looked for in tables that are about to be dropped, too.
  if (row !== undefined) known.set(id, { ...row, sides, mayLoseSides: true });
}

/**
 * Compares what was exported last with what the table says now. Audit rows
 * never change: one that is gone or says something else was tampered with, or
 * the table is another one, or the database is behind (a replica).
 */
export interface Examination {
  /** `unclear`: there is nothing in the table that could tell. */
  readonly verdict: 'same' | 'replaced' | 'unclear';
  /** The database has not come as far as the file: what is missing may still come. */
  readonly isBehind: boolean;
  /** Ids of known rows, ascending. */
  readonly intact: readonly number[];
  readonly edited: readonly number[];
  /** Intact themselves, but not their rows in the side tables. */
  readonly otherSides: readonly number[];
  /** Rows in the side tables that were not there before. */
  readonly completed: readonly (readonly [id: number, sides: string])[];
  readonly missing: readonly number[];
  /** Rows that are neither in the file nor awaited: transactions that committed later than anybody waits. */
  readonly unknown: readonly IdRange[];
}

export interface Examined {
  readonly reached: number;
  readonly known: Known;
  readonly awaited: Awaited;
}

async function examine(database: Database, sides: SideTables, trail: Trail, state: Examined): Promise<Examination> {
  const { known, reached } = state;
  const found = await rowsOf(database, sides, trail, { from: known.low, to: reached });
  const nextId = await database.nextId(trail.table);
  const newest = await database.newest(trail.table);
  const intact: number[] = [];
  const edited: number[] = [];
  const otherSides: number[] = [];
  const completed: (readonly [number, string])[] = [];
  const missing: number[] = [];
  for (const id of known.ids) {
    const row = found.get(id);
    const before = known.get(id);
    if (row === undefined) missing.push(id);
    else (row.digest === before?.digest ? intact : edited).push(id);
    if (row?.digest !== before?.digest || row === undefined || !row.canCompare) continue;
    const isGone = row.sides === undefined;
    if (before?.sides !== undefined && row.sides !== before.sides && !(isGone && before.mayLoseSides))
      otherSides.push(id);
    if (before?.sides === undefined && row.sides !== undefined) completed.push([id, row.sides]);
  }
  const unknown = [...found.keys()].filter((id) => known.get(id) === undefined && !state.awaited.has(id));
  return {
    verdict: await verdictOf(),
    isBehind: nextId === undefined ? (newest?.id ?? 0) < reached : nextId <= reached,
    intact,
    edited,
    otherSides,
    completed,
    missing,
    unknown: rangesOf(unknown),
  };

  async function verdictOf(): Promise<Examination['verdict']> {
    if (intact.length > 0) return 'same';
    // In another table the row of that id was written later; an edit leaves its date alone.
    const countsOn = nextId !== undefined && nextId > reached;
    if (countsOn && edited.some((id) => found.get(id)?.date === known.get(id)?.date)) return 'same';
    if (edited.length > 0) return 'replaced';
    if (nextId === undefined) return newest === undefined ? 'unclear' : 'same';
    // One that began before the first row of this generation is not its table, wherever its ids begin.
    if (nextId > reached) return known.low === 1 && (await isOlder()) ? 'replaced' : 'same';
    // A table that counts anew has only rows that came after; one that is behind still has those before.
    return (await isOlder()) ? 'same' : 'replaced';
  }

  /** The table has rows from before the first known one. */
  async function isOlder(): Promise<boolean> {
    const [lowest] = await database.headsFrom(trail.table, 0, 1);
    const first = known.ids[0];
    const firstDate = first === undefined ? null : (known.get(first)?.date ?? null);
    return lowest?.date != null && firstDate !== null && lowest.date < firstDate;
  }
}

interface FoundRow {
  readonly digest: string;
  readonly sides: string | undefined;
  /** The tables of its side rows can be read. */
  readonly canCompare: boolean;
  readonly date: string | null;
}

/** Ascending by id. */
async function rowsOf(
  database: Database,
  sides: SideTables,
  trail: Trail,
  range: IdRange,
): Promise<Map<number, FoundRow>> {
  const found = new Map<number, FoundRow>();
  for await (const rows of scanWhole(database, { trail, sides }, range)) {
    for (const row of rows) {
      const { digest, sides: sidesDigest, date } = knownOf(trail, row);
      const canCompare = sides.canSeeSeals && (sides.canSeeApis || !row.seal?.checksum_api);
      found.set(row.id, { digest, sides: sidesDigest, canCompare, date });
    }
  }
  return found;
}
