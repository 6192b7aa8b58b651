/**
 * Follows one table into its file. Each step reads the table once and writes the rows
 * that are ready, in one append that is on disk before anything is remembered; so a
 * step that fails, or a process that dies in it, only has to be repeated.
 */
import type { Context } from '../../lib/context.js';
import { AgentError } from '../../lib/errors.js';
import type { StartAt } from '../../lib/start-at.js';
import { Inspector } from '../compare/tamper-check.js';
import { type Trail, unreadColumns } from '../database/audit-tables.js';
import type { Database, Schema } from '../database/database.js';
import { rangesOf } from '../database/id-ranges.js';
import type { AuditLog } from '../file/audit-file.js';
import { Breakglass, RowWriter, type Version } from '../file/writer.js';
import { FOLLOWER_LIMITS, type FollowerLimits } from '../options.js';
import { type Batch, liveOrigin, type Origin, readBatch, renamedOrigin } from './batch.js';
import type { Generation } from './generation.js';
import { beginGeneration, findRenamed, recover } from './start.js';

/** How long what there is in the database may be remembered: an upgrade of OpenEMR brings new tables. */
const SCHEMA_MS = 60_000;
/** A table that was renamed is about to be dropped: its side rows are there at once, or not at all. */
const RENAMED_SETTLE_MS = 2000;

export interface FollowerOptions {
  readonly site: string;
  readonly trail: Trail;
  readonly startAt: StartAt;
  readonly settleMs: number;
  readonly examineMs: number;
  readonly limits?: FollowerLimits;
}

export interface FollowerParts extends Pick<Context, 'clock' | 'report' | 'problems'> {
  readonly database: Database;
  readonly log: AuditLog;
}

type State =
  | { readonly name: 'unopened' }
  /** No generation: the table is empty, or was replaced. */
  | { readonly name: 'between'; readonly previous: string | undefined }
  | { readonly name: 'following'; readonly generation: Generation; readonly origin: Origin }
  /** The table has been renamed; what it still holds is read. */
  | { readonly name: 'draining'; readonly generation: Generation; readonly origin: Origin };

export class Follower {
  readonly #options: FollowerOptions;
  readonly #parts: FollowerParts;
  readonly #limits: FollowerLimits;
  readonly #writer: RowWriter;
  readonly #inspector: Inspector;
  #state: State = { name: 'unopened' };
  #schema: { readonly tables: Schema; readonly atMs: number } | undefined;

  constructor(options: FollowerOptions, parts: FollowerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#limits = options.limits ?? FOLLOWER_LIMITS;
    const { site, trail } = options;
    const { database, log, clock } = parts;
    this.#writer = new RowWriter({ site, trail, log, clock, breakglass: new Breakglass(database, clock) });
    this.#inspector = new Inspector({ ...options, skewRows: this.#limits.skewRows }, parts, this.#writer);
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
        return this.#follow(state.generation, state.origin);
      case 'draining':
        return this.#drain(state.generation, state.origin);
      default:
        return state satisfies never;
    }
  }

  async #tables(): Promise<Schema> {
    const { clock, database } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (this.#schema !== undefined && nowMs - this.#schema.atMs <= SCHEMA_MS) return this.#schema.tables;
    const tables = await database.schema();
    this.#schema = { tables, atMs: nowMs };
    this.#raiseMissingSideTable(tables);
    if (this.#state.name === 'following') this.#state = { ...this.#state, origin: this.#liveOrigin(tables) };
    return tables;
  }

  #liveOrigin(tables: Schema): Origin {
    return liveOrigin(this.#parts.database, tables, this.#options.trail, this.#limits.skewRows);
  }

  #raiseMissingSideTable(tables: Schema): void {
    const { site, trail } = this.#options;
    const isMissing = trail.sealTable !== undefined && tables.has(trail.table) && !tables.has(trail.sealTable);
    const key = `export-side-table ${site} ${trail.table}`;
    if (!isMissing) {
      this.#parts.problems.clear(key);
      return;
    }
    this.#parts.problems.raise({
      key,
      message: 'A side table cannot be read: rows go out without their checksums',
      facts: { site, table: trail.sealTable },
      remedy: 'grant what export --grants prints',
      over: 'The side table can be read again',
    });
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
    const { log, clock } = this.#parts;
    const { trail } = this.#options;
    const recovered = await recover(log, trail, this.#limits.windowRows, clock.monotonicMs());
    if (recovered.kind === 'between') {
      this.#state = { name: 'between', previous: recovered.previous };
    } else {
      this.#state = { name: 'following', generation: recovered.generation, origin: this.#liveOrigin(tables) };
    }
    this.#inspector.expire();
    return this.#state;
  }

  async #begin(previous: string | undefined, tables: Schema): Promise<Step> {
    const { database, log, clock, report } = this.#parts;
    const { site, trail, startAt } = this.#options;
    const { windowRows } = this.#limits;
    const nowMs = clock.monotonicMs();
    const begun = await beginGeneration({ database, log, trail, previous, startAt, windowRows, nowMs });
    if (begun === undefined) return NOTHING;
    await this.#writer.writeFindings(begun.generation, begun.findings);
    if (begun.findings.some(({ kind }) => kind === 'table-restored')) {
      const facts = { site, table: trail.table, generation: begun.generation.name };
      report.notice('The table is there again; the export goes on where it was', facts);
    }
    this.#state = { name: 'following', generation: begun.generation, origin: this.#liveOrigin(tables) };
    return AT_ONCE;
  }

  async #follow(generation: Generation, origin: Origin): Promise<Step> {
    if (this.#inspector.isDue(generation)) {
      const verdict = await this.#inspector.inspect(generation);
      if (verdict === 'replaced') return this.#leave(generation);
      // Without a row to hold on to, nothing says that what is read belongs to this generation.
      if (this.#inspector.isBlind(generation)) return { ...NOTHING, reached: generation.reached };
    }
    const batch = await this.#take(generation, origin, false);
    if (batch !== undefined) return stepOf(batch);
    this.#inspector.expire();
    return AT_ONCE;
  }

  async #drain(generation: Generation, origin: Origin): Promise<Step> {
    let batch: Batch | undefined;
    try {
      batch = await this.#take(generation, origin, true);
    } catch (error) {
      if (error instanceof AgentError && error.code === 'database-table') return this.#end(generation, false);
      throw error;
    }
    if (batch === undefined) return this.#end(generation, false);
    return batch.hasMore || !generation.awaited.isEmpty ? stepOf(batch) : this.#end(generation, true);
  }

  /** Reads and writes a batch; undefined when it came from another table. */
  async #take(generation: Generation, origin: Origin, isFinal: boolean): Promise<Batch | undefined> {
    const { clock, database } = this.#parts;
    const nowMs = clock.monotonicMs();
    const settleMs = isFinal ? Math.min(this.#options.settleMs, RENAMED_SETTLE_MS) : this.#options.settleMs;
    const maxRows = this.#limits.batchRows;
    const batch = await readBatch(database, origin, generation, { nowMs, settleMs, maxRows, isFinal });
    if (!batch.isSameTable) return undefined;
    await this.#writer.writeRows(generation, batch.ready, this.#version());
    generation.reached = batch.reached;
    if (batch.sawAllAwaited && isFinal) generation.awaited.retain(batch.unready);
    else if (batch.sawAllAwaited) generation.awaited.giveUp(nowMs, settleMs);
    generation.awaited.add([...batch.gaps, ...rangesOf(batch.unready)], nowMs);
    generation.known.slide(generation.awaiting, this.#limits.windowRows);
    origin.sides.forget(generation.awaiting);
    return batch;
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
      origin: renamedOrigin(database, tables, trail, { suffix, skew: this.#limits.skewRows }),
    };
    return AT_ONCE;
  }

  async #end(generation: Generation, complete: boolean): Promise<Step> {
    const { site, trail } = this.#options;
    await this.#writer.writeFindings(generation, [
      { kind: 'table-replaced', lastId: generation.known.highest, complete },
    ]);
    const facts = { site, table: trail.table, generation: generation.name };
    const { report } = this.#parts;
    if (complete) report.notice('The table was replaced; what the old one held is exported', facts);
    else {
      const remedy =
        'if "Eventlog backup" has run, its dump holds them: openemr-audit-forwarder export --from-dump eventlog_*.sql';
      report.warning('The table was replaced or emptied; rows that were not exported yet are lost', {
        ...facts,
        remedy,
      });
    }
    this.#state = { name: 'between', previous: generation.name };
    // The renamed tables are not among those that were there before.
    this.#schema = undefined;
    return AT_ONCE;
  }

  #version(): Version {
    const tables: Schema = this.#schema?.tables ?? new Map();
    return {
      hasSoundRule: tables.has('log') && !tables.has('api_log'),
      unread: unreadColumns(tables, this.#options.trail),
    };
  }
}

/** What one look at a table has brought. */
export interface Step {
  /** Rows written. */
  readonly written: number;
  /** There is more to do at once. */
  readonly hasMore: boolean;
  /** Rows that are in the table but wait for something. */
  readonly unready: number;
  /** How far the file is, and how far the table: ids. */
  readonly reached: number;
  readonly newest: number;
}

const NOTHING: Step = { written: 0, hasMore: false, unready: 0, reached: 0, newest: 0 };

/** Something other than rows was done, and rows come next. */
const AT_ONCE: Step = { ...NOTHING, hasMore: true };

function stepOf({ ready, hasMore, unready, reached, newest }: Batch): Step {
  return { written: ready.length, hasMore, unready: unready.length, reached, newest: newest?.id ?? 0 };
}
