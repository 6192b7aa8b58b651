/**
 * Watches whether the times of rows can be right: now and then a row that has just been read is compared with the
 * moment of its export. Where live rows lie hours off, always by the same, the source's `timeZone` is not OpenEMR's,
 * and that is a problem until they fit. What it proves, and what not: `openemr/zone-check.ts`.
 */
import type { SourceConfig } from '../config/config.js';
import type { Clock } from '../lib/clock.js';
import type { RaisesProblems } from '../lib/problems.js';
import type { Chunk } from '../model/line.js';
import { readRow } from '../openemr/parse.js';
import { isAboutRows, type Row } from '../openemr/row.js';
import { zoneDistance } from '../openemr/zone-check.js';

/** So often a file is looked at; ten looks span more than the two minutes that prove something. */
const EVERY_MS = 15_000;
const KEPT = 10;
const LINE_MAX = 64 * 1024;
const FILES_MAX = 100;
const LF = 0x0a;

interface Watched {
  readonly rows: Row[];
  /** Of the last look, monotonic. */
  lookedMs: number;
}

export class ZoneWatch {
  readonly #zones: ReadonlyMap<string, string>;
  readonly #files = new Map<string, Watched>();

  constructor(
    sources: readonly SourceConfig[],
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly problems: RaisesProblems,
  ) {
    const rows = sources.filter(({ format }) => format === 'openemr');
    this.#zones = new Map(rows.map(({ name, timeZone }) => [name, timeZone]));
  }

  look({ bytes, to: { source, path } }: Chunk): void {
    const zone = this.#zones.get(source);
    const nowMs = this.clock.monotonicMs();
    const known = this.#files.get(path);
    if (zone === undefined || (known !== undefined && nowMs - known.lookedMs < EVERY_MS)) return;
    const row = lastRow(bytes);
    if (row === undefined) return;
    if (known === undefined && this.#files.size >= FILES_MAX) this.#files.clear();
    const rows = [...(known?.rows ?? []), row].slice(-KEPT);
    this.#files.set(path, { rows, lookedMs: nowMs });
    this.#judge(rows, zone, source, path);
  }

  #judge(rows: readonly Row[], zone: string, source: string, file: string): void {
    const found = zoneDistance(rows, zone);
    if (found === undefined) return;
    const key = `time-zone ${file}`;
    const { offMs, fits } = found;
    if (offMs === 0) {
      this.problems.clear(key);
      return;
    }
    this.problems.raise({
      key,
      message: 'The times of rows are wrong by hours: timeZone of the source is not that of OpenEMR',
      facts: { source, file, timeZone: zone, offMinutes: offMs / 60_000, fits: `UTC${fits}` },
      remedy: `set sources[].timeZone to OpenEMR's (Admin > Config > Locale); its clocks are at UTC${fits}`,
      over: 'The times of rows fit the time zone of the source',
    });
  }
}

/** The last whole line, if it is a row that the export has dated. */
function lastRow(bytes: Buffer): Row | undefined {
  const end = bytes.lastIndexOf(LF);
  if (end <= 0) return undefined;
  const line = bytes.subarray(bytes.lastIndexOf(LF, end - 1) + 1, end);
  if (line.length > LINE_MAX) return undefined;
  const read = readRow(line);
  return 'row' in read && !isAboutRows(read.row) && read.row.exported_at !== undefined ? pick(read.row) : undefined;
}

/** No content of the trail is kept. */
function pick({ date, exported_at }: Row): Row {
  return { date, exported_at };
}
