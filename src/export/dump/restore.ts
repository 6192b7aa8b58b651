/**
 * Writes what the files of `log` lack from dumps that "Eventlog backup" has made, into a
 * file of its own, `SITE.dump.log`: the export may be running and goes on with its own.
 *
 * A dump is one table, so one generation. Which one is told by content: rows of the dump
 * that are in the files say its name. Rows before the oldest line of that generation in
 * the files are not looked for: they were exported, or left out on request, and their
 * files are gone. Each dump is read once to learn which rows are missing, and once more
 * for each stretch of them: memory holds a stretch, whatever the dump holds.
 */
import { basename } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { AgentError } from '../../lib/errors.js';
import { digestOf, LOG_TRAIL } from '../database/audit-tables.js';
import type { Cells } from '../database/database.js';
import { ownOf } from '../database/side-tables.js';
import { isApiOf, isSealOf } from '../database/whole-rows.js';
import type { AuditLog } from '../file/audit-file.js';
import { findingLine, readLine, rowLine, type WholeRow } from '../file/audit-line.js';
import { generationName } from '../follow/generation.js';
import { FOLLOWER_LIMITS } from '../options.js';
import { type DumpRow, readDump } from './sql-dump.js';

const TRAIL = LOG_TRAIL;
/** Missing rows that one reading of the dump brings. */
const STRETCH = 20_000;
const APPEND_BYTES = 1024 * 1024;
/** By which the generation is told. */
const SAMPLES = 4096;

export interface RestoreParts {
  readonly site: string;
  /** What the export writes, and where the rows of dumps go: read both, write the second. */
  readonly exported: Pick<AuditLog, 'backward'>;
  readonly restored: AuditLog;
  readonly clock: Clock;
  /** In the place of the file system, for tests. */
  readonly rowsOf?: (path: string) => AsyncIterable<DumpRow>;
}

export interface Restored {
  readonly generation: string;
  /** In the dump. */
  readonly rows: number;
  readonly written: number;
  /** Left alone: before the oldest line in the files. */
  readonly before: number;
}

/** Throws AgentError `dump-unreadable`, `dump-empty`, and what the files throw. */
export async function restoreFrom(path: string, parts: RestoreParts): Promise<Restored> {
  const rowsOf = parts.rowsOf ?? readDump;
  await parts.restored.open();
  const dump = await survey(path, rowsOf(path));
  const filed = await filedRows(parts, dump);
  const missing = dump.ids.filter((id) => id >= filed.from && !filed.ids.has(id));
  for (let at = 0; at < missing.length; at += STRETCH) {
    await writeStretch(path, rowsOf(path), new Set(missing.slice(at, at + STRETCH)), filed.generation, parts);
  }
  const before = dump.ids.filter((id) => id < filed.from).length;
  if (missing.length > 0) await writeFinding(path, missing.length, filed.generation, parts);
  return { generation: filed.generation, rows: dump.ids.length, written: missing.length, before };
}

interface Survey {
  /** Ascending. */
  readonly ids: readonly number[];
  /** Digests of some rows, by id. */
  readonly samples: ReadonlyMap<number, string>;
  readonly firstDate: string | null;
}

async function survey(path: string, rows: AsyncIterable<DumpRow>): Promise<Survey> {
  const ids: number[] = [];
  let samples = new Map<number, string>();
  let every = 1;
  let first: Cells | undefined;
  for await (const { table, cells } of rows) {
    if (!isOf('log', table)) continue;
    const id = Number(cells.id);
    ids.push(id);
    if (first === undefined || id < Number(first.id)) first = cells;
    if (ids.length % every === 0) samples.set(id, digestOf(TRAIL, cells));
    if (samples.size <= SAMPLES) continue;
    samples = new Map([...samples].filter((_, index) => index % 2 === 1));
    every *= 2;
  }
  if (first === undefined) {
    throw new AgentError('dump-empty', `${path} holds no row of log or log_backup`, {
      hint: 'give a file that "Eventlog backup" has written (eventlog_*.sql)',
    });
  }
  ids.sort((a, b) => a - b);
  return { ids, samples, firstDate: typeof first.date === 'string' ? first.date : null };
}

/** The table, or what the backup renames it to. */
function isOf(name: string, table: string): boolean {
  return table === name || table === `${name}_backup`;
}

interface Filed {
  readonly generation: string;
  readonly ids: ReadonlySet<number>;
  /** The lowest id to look for. */
  readonly from: number;
}

/** What the files hold of the dump's generation. */
async function filedRows({ exported, restored }: RestoreParts, dump: Survey): Promise<Filed> {
  const generations = new Map<string, { readonly ids: Set<number>; from: number; matches: number }>();
  for (const log of [restored, exported]) {
    for await (const bytes of log.backward()) {
      const line = readLine(TRAIL, bytes);
      if (line === undefined) continue;
      const there = generations.get(line.generation) ?? { ids: new Set<number>(), from: 1, matches: 0 };
      generations.set(line.generation, there);
      // Backwards: the last one that is met is the oldest. Those of dumps came later.
      if (log === exported) there.from = line.awaiting;
      if (line.kind === 'finding' && line.finding.kind === 'begun') there.from = line.finding.fromId;
      if (line.kind !== 'row') continue;
      there.ids.add(line.id);
      if (dump.samples.get(line.id) === digestOf(TRAIL, line.cells)) there.matches += 1;
    }
  }
  const [best] = [...generations].sort(([, a], [, b]) => b.matches - a.matches);
  if (best !== undefined && best[1].matches > 0) return { generation: best[0], ...best[1] };
  // Nothing of this table was ever exported, or none of its files is left.
  const name = generationName(TRAIL, { id: dump.ids[0] ?? 1, date: dump.firstDate, bytes: 0 }, undefined);
  const generation = generations.has(name) ? `${name}.${generations.size + 1}` : name;
  return { generation, ids: new Set(), from: 1 };
}

async function writeStretch(
  path: string,
  rows: AsyncIterable<DumpRow>,
  ids: ReadonlySet<number>,
  generation: string,
  parts: RestoreParts,
): Promise<void> {
  const logs = new Map<number, Cells>();
  const seals = new Candidates();
  const apis = new Candidates();
  for await (const { table, cells } of rows) {
    const logId = Number(cells.log_id);
    if (isOf('log', table) && ids.has(Number(cells.id))) logs.set(Number(cells.id), cells);
    else if (isOf('log_comment_encrypt', table)) seals.add(logId, cells, ids);
    else if (isOf('api_log', table)) apis.add(logId, cells, ids);
  }
  let text = '';
  for (const id of [...logs.keys()].sort((a, b) => a - b)) {
    const cells = logs.get(id)!;
    const seal = seals.ownOf(id, (each) => isSealOf(TRAIL, cells, each));
    const api = seal?.checksum_api ? apis.ownOf(id, (each) => isApiOf(TRAIL, cells, { seal, api: each })) : undefined;
    text += lineOf(path, { id, cells, seal, api }, generation, parts);
    if (text.length < APPEND_BYTES) continue;
    await parts.restored.append(text);
    text = '';
  }
  if (text !== '') await parts.restored.append(text);
}

/**
 * Rows of one side table by the row of `log` that they name, several where a swap or a failed backup left some of
 * another table: the script renames the three tables one after another, and OpenEMR writes on.
 */
class Candidates {
  readonly #byLogId = new Map<number, Candidate[]>();
  #highest = 0;

  add(logId: number, cells: Cells, wanted: ReadonlySet<number>): void {
    this.#highest = Math.max(this.#highest, logId);
    if (!wanted.has(logId)) return;
    const isOutOfOrder = logId < this.#highest - FOLLOWER_LIMITS.skewRows;
    this.#byLogId.set(logId, [...(this.#byLogId.get(logId) ?? []), { cells, isOutOfOrder }]);
  }

  /** One that does not fit and came long after its neighbours is that of another row: the row's own lies elsewhere. */
  ownOf(id: number, fits: (cells: Cells) => boolean): Cells | undefined {
    const candidates = this.#byLogId.get(id) ?? [];
    const own = ownOf(
      candidates.filter(({ cells, isOutOfOrder }) => !isOutOfOrder || fits(cells)),
      ({ cells }) => fits(cells),
    );
    return own?.cells;
  }
}

interface Candidate {
  readonly cells: Cells;
  readonly isOutOfOrder: boolean;
}

function lineOf(path: string, row: WholeRow, generation: string, { site, clock }: RestoreParts): string {
  const stamp = { site, generation, exportedAtMs: clock.nowMs(), awaiting: 1 };
  return rowLine(TRAIL, row, { ...stamp, late: true, breakglass: null, unread: [], dump: basename(path) });
}

async function writeFinding(
  path: string,
  rows: number,
  generation: string,
  { site, clock, restored }: RestoreParts,
): Promise<void> {
  const stamp = { site, generation, exportedAtMs: clock.nowMs(), awaiting: 1 };
  await restored.append(findingLine(TRAIL, { kind: 'dump-read', dump: basename(path), rows }, stamp));
}
