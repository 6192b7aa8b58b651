/**
 * Follows one table into its file. Each step looks once: it writes the rows
 * that have become ready, in one append that is on disk before anything is
 * remembered; so a step that fails, or a process that dies in it, has only to
 * be done again.
 */
import type { Clock } from '../lib/clock.js';
import { AgentError } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import type { AuditLog } from './audit-log.js';
import { type Batch, type Place, readBatch } from './batch.js';
import { Breakglass } from './breakglass.js';
import type { Database, Schema } from './database.js';
import { Generation, generationName } from './generation.js';
import { Inspector } from './inspector.js';
import { Known } from './known.js';
import type { StartAt } from './options.js';
import { Pen } from './pen.js';
import { livePlace, renamedPlace } from './place.js';
import { readBack } from './read-back.js';
import { findRenamed } from './renamed-table.js';
import { firstId } from './start.js';
import type { Trail } from './trail.js';

/** How long what there is in the database may be remembered: an upgrade of OpenEMR brings new tables. */
const SCHEMA_MS = 60_000;
/** A table that was renamed is about to be dropped: its side rows are there at once, or not at all. */
const RENAMED_SETTLE_MS = 2000;

/** Room that a follower takes up, in rows. */
export interface FollowerRoom {
  /** Remembered behind the awaited ones: what a comparison with the table looks at. */
  readonly windowRows: number;
  /** Written in one append. */
  readonly batchRows: number;
  /** By how many rows those written at the same time may have changed places between `log` and its side tables. */
  readonly skewRows: number;
}

/** 2 to 3 MB for the window, and as much for a batch. */
const ROOM: FollowerRoom = { windowRows: 10_000, batchRows: 1000, skewRows: 1000 };

export interface FollowerOptions {
  readonly site: string;
  readonly trail: Trail;
  readonly startAt: StartAt;
  readonly settleMs: number;
  readonly examineMs: number;
  readonly room?: FollowerRoom;
}

export interface FollowerParts {
  readonly database: Database;
  readonly log: AuditLog;
  readonly clock: Clock;
  readonly report: Report;
}

export interface Step {
  /** Rows written. */
  readonly written: number;
  /** There is more to do at once. */
  readonly hasMore: boolean;
  /** Rows that are in the table but wait for something. */
  readonly unready: number;
  /** How far the file is, and how far the table. */
  readonly reached: number;
  readonly newest: number;
}

type State =
  | { readonly name: 'unopened' }
  /** No generation: the table is empty, or was replaced. */
  | { readonly name: 'between'; readonly previous: string | undefined }
  | { readonly name: 'following'; readonly generation: Generation; readonly place: Place }
  /** The table has been renamed; what it still holds is read. */
  | { readonly name: 'draining'; readonly generation: Generation; readonly place: Place };

const NOTHING: Step = { written: 0, hasMore: false, unready: 0, reached: 0, newest: 0 };

export class Follower {
  readonly #options: FollowerOptions;
  readonly #parts: FollowerParts;
  readonly #room: FollowerRoom;
  readonly #pen: Pen;
  readonly #inspector: Inspector;
  #state: State = { name: 'unopened' };
  #schema: { readonly tables: Schema; readonly atMs: number } | undefined;

  constructor(options: FollowerOptions, parts: FollowerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#room = options.room ?? ROOM;
    const { site, trail } = options;
    const { database, log, clock } = parts;
    this.#pen = new Pen({ site, trail, log, clock, breakglass: new Breakglass(database, clock) });
    this.#inspector = new Inspector(options, parts, this.#pen);
  }

  /** Throws AgentError: `database-…` or `export-…`; the next step goes on where this one should have. */
  async step(): Promise<Step> {
    try {
      return await this.#step();
    } catch (error) {
      // Only the file can tell how much of the append it holds.
      if (error instanceof AgentError && error.code === 'export-write-failed') this.#state = { name: 'unopened' };
      // Side rows, a new version's tables: nothing that was remembered of the database counts any more.
      this.#schema = undefined;
      throw error;
    }
  }

  async #step(): Promise<Step> {
    const tables = await this.#tables();
    if (!tables.has(this.#options.trail.table)) return this.#noTable();
    const state = await this.#opened(tables);
    switch (state.name) {
      case 'between':
        return this.#begin(state.previous, tables);
      case 'following':
        return this.#follow(state.generation, state.place);
      case 'draining':
        return this.#drain(state.generation, state.place);
      default:
        return state satisfies never;
    }
  }

  async #tables(): Promise<Schema> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#schema === undefined || nowMs - this.#schema.atMs > SCHEMA_MS) {
      this.#schema = { tables: await this.#parts.database.schema(), atMs: nowMs };
      const { database } = this.#parts;
      const state = this.#state;
      if (state.name === 'following') {
        this.#state = {
          ...state,
          place: livePlace(database, this.#schema.tables, this.#options.trail, this.#room.skewRows),
        };
      }
    }
    return this.#schema.tables;
  }

  #noTable(): Step {
    const { trail } = this.#options;
    // Disclosures are not in every version; without `log` there is no trail at all.
    if (trail.table !== 'log') return NOTHING;
    throw new AgentError('database-table', 'the database has no table log that this user may read', {
      hint: 'check the name of the database, and grant what export --grants prints',
    });
  }

  async #opened(tables: Schema): Promise<Exclude<State, { name: 'unopened' }>> {
    if (this.#state.name !== 'unopened') return this.#state;
    const { log, database, clock } = this.#parts;
    const { trail } = this.#options;
    await log.open();
    const recovered = await readBack(log, trail, this.#room.windowRows);
    if (recovered.kind === 'between') {
      this.#state = { name: 'between', previous: recovered.previous };
      return this.#state;
    }
    const generation = new Generation(recovered.generation, recovered.known);
    generation.awaited.add(recovered.known.gapsUpTo(generation.reached, recovered.awaiting), clock.monotonicMs());
    this.#state = { name: 'following', generation, place: livePlace(database, tables, trail, this.#room.skewRows) };
    this.#inspector.expire();
    return this.#state;
  }

  /** The first row names the generation. */
  async #begin(previous: string | undefined, tables: Schema): Promise<Step> {
    const { database } = this.#parts;
    const { trail, startAt } = this.#options;
    const [first] = await database.headsFrom(trail.table, 0, 1);
    if (first === undefined) return NOTHING;
    const from = previous === undefined ? await firstId(database, trail.table, startAt) : 1;
    const generation = new Generation(generationName(trail, first, previous), new Known(from));
    if (from > first.id) await this.#pen.writeFindings(generation, [{ kind: 'begun', fromId: from }]);
    this.#state = { name: 'following', generation, place: livePlace(database, tables, trail, this.#room.skewRows) };
    return { ...NOTHING, hasMore: true };
  }

  async #follow(generation: Generation, place: Place): Promise<Step> {
    if (this.#inspector.isDue(generation)) {
      const verdict = await this.#inspector.inspect(generation);
      if (verdict === 'replaced') return this.#leave(generation);
      // Without a row to hold on to, nothing says that what is read belongs to this generation.
      if (this.#inspector.isBlind(generation)) return { ...NOTHING, reached: generation.reached };
    }
    const { clock, database } = this.#parts;
    const { settleMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const batch = await readBatch(database, place, generation, {
      nowMs,
      settleMs,
      maxRows: this.#room.batchRows,
      isFinal: false,
    });
    if (!batch.isSameTable) {
      this.#inspector.expire();
      return { ...NOTHING, hasMore: true };
    }
    await this.#pen.writeRows(generation, batch.ready, this.#hasSoundRule());
    generation.reached = batch.reached;
    if (batch.sawAllAwaited) generation.awaited.giveUp(nowMs, settleMs);
    generation.awaited.add([...batch.gaps, ...batch.unready.map((id) => ({ from: id, to: id }))], nowMs);
    generation.known.slide(generation.awaiting, this.#room.windowRows);
    place.sides.forget(generation.awaiting);
    return stepOf(batch);
  }

  async #drain(generation: Generation, place: Place): Promise<Step> {
    const { clock, database } = this.#parts;
    const nowMs = clock.monotonicMs();
    const settleMs = Math.min(this.#options.settleMs, RENAMED_SETTLE_MS);
    let batch: Batch;
    try {
      batch = await readBatch(database, place, generation, {
        nowMs,
        settleMs,
        maxRows: this.#room.batchRows,
        isFinal: true,
      });
    } catch (error) {
      if (error instanceof AgentError && error.code === 'database-table') return this.#end(generation, false);
      throw error;
    }
    if (!batch.isSameTable) return this.#end(generation, false);
    await this.#pen.writeRows(generation, batch.ready, this.#hasSoundRule());
    generation.reached = batch.reached;
    if (batch.sawAllAwaited) generation.awaited.retain(batch.unready);
    generation.awaited.add(
      batch.unready.map((id) => ({ from: id, to: id })),
      nowMs,
    );
    if (!batch.hasMore && generation.awaited.isEmpty) return this.#end(generation, true);
    return stepOf(batch);
  }

  /** The table is another one. */
  async #leave(generation: Generation): Promise<Step> {
    const { database } = this.#parts;
    const { trail } = this.#options;
    // What it was renamed to is not among the tables that were there before.
    const tables = await database.schema();
    const suffix = await findRenamed(database, tables, trail, generation.known);
    if (suffix === undefined) return this.#end(generation, false);
    // The last look at what nobody waited for any more.
    generation.awaited.add(generation.known.gapsUpTo(generation.reached), this.#parts.clock.monotonicMs());
    this.#state = {
      name: 'draining',
      generation,
      place: renamedPlace(database, tables, trail, { suffix, skew: this.#room.skewRows }),
    };
    return { ...NOTHING, hasMore: true };
  }

  async #end(generation: Generation, complete: boolean): Promise<Step> {
    const { site, trail } = this.#options;
    await this.#pen.writeFindings(generation, [{ kind: 'table-replaced', lastId: generation.known.highest, complete }]);
    const facts = { site, table: trail.table, generation: generation.name };
    const { report } = this.#parts;
    if (complete) report.notice('The table was replaced; what the old one held is exported.', facts);
    else report.warning('The table was replaced or emptied; rows that were not exported yet are lost.', facts);
    this.#state = { name: 'between', previous: generation.name };
    return { ...NOTHING, hasMore: true };
  }

  /** OpenEMR 5.0. */
  #hasSoundRule(): boolean {
    return this.#schema?.tables.has('api_log') === false && this.#schema.tables.has('log');
  }
}

function stepOf({ ready, hasMore, unready, reached, newest }: Batch): Step {
  return { written: ready.length, hasMore, unready: unready.length, reached, newest: newest?.id ?? 0 };
}
