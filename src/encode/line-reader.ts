/**
 * Reads the lines of one source: which kind of line it is, its time, and what of it
 * may be sent. Wall time and zone are as the file says; where it says none, the
 * time is that of reading.
 */
import type { MessageConfig, SourceConfig } from '../config/config.js';
import type { LineMemory } from '../model/position.js';
import type { AuditRecord, Unparsed } from '../model/record.js';
import { Filter } from '../openemr/filter.js';
import { FreeText } from '../openemr/free-text.js';
import { readRow, recordOf } from '../openemr/parse.js';
import type { Row } from '../openemr/row.js';
import { cellsLine, headingOf, readCells } from '../openemr/tsv.js';
import { ZoneClock } from '../openemr/wall-time.js';
import { timestampOf } from '../syslog/timestamp.js';
import type { Unsent } from './profile.js';

export type ReadLine = RowReading | BareReading | Unsent;

/** An audit record. */
export interface RowReading {
  readonly kind: 'row';
  /** What of it may go out. */
  readonly row: Row;
  readonly record: AuditRecord;
  /** The line as it may go out; `undefined`: as it is. */
  readonly msg: Buffer | undefined;
  readonly redacted: number;
  /** As RFC 5424 and RFC 3339 write it. */
  readonly timestamp: string;
  readonly zoneKnown: boolean;
  /** False: the moment is that of reading. */
  readonly dated: boolean;
  readonly memory: LineMemory;
}

/** A line as such. */
export interface BareReading {
  readonly kind: 'bare';
  /** Why it is no audit record; `undefined` for a line of text, which need not be one. */
  readonly unparsed: string | undefined;
  readonly msg: Buffer | undefined;
  readonly redacted: number;
  readonly memory: LineMemory;
}

export class LineReader {
  readonly #source: SourceConfig;
  /** Made with the first time: until then nothing needs to know the zones, and a start is over sooner. */
  #clock: ZoneClock | undefined;
  readonly #filter: Filter;
  readonly #freeText: FreeText;

  /** `comments` says what becomes of them in a line that is sent as such. */
  constructor(source: SourceConfig, { include, exclude, redact }: MessageConfig, comments: MessageConfig['comments']) {
    this.#source = source;
    this.#filter = new Filter({ include, exclude });
    this.#freeText = new FreeText({ comments, redact });
  }

  read(line: Buffer, siteOfPath: string, readAtMs: number, memory: LineMemory): ReadLine {
    const { format } = this.#source;
    switch (format) {
      case 'text':
        return this.bare(line, undefined, memory);
      case 'openemr':
        return this.#row(readRow(line), line, siteOfPath, readAtMs, memory);
      case 'openemr-tsv': {
        const columns = headingOf(line);
        if (columns !== undefined) return { unsent: 'heading', tampering: undefined, memory: { ...memory, columns } };
        return this.#row(readCells(line, memory.columns), line, siteOfPath, readAtMs, memory);
      }
      default:
        return format satisfies never;
    }
  }

  /** A line that is not looked into, or a piece of one. */
  bare(line: Buffer, unparsed: string | undefined, memory: LineMemory): BareReading {
    const retold = this.#freeText.ofLine(line);
    return { kind: 'bare', unparsed, msg: retold?.told, redacted: retold?.redacted ?? 0, memory };
  }

  #row(
    read: { readonly row: Row } | Unparsed,
    line: Buffer,
    siteOfPath: string,
    readAtMs: number,
    memory: LineMemory,
  ): ReadLine {
    if ('unparsed' in read) return this.bare(line, read.unparsed, memory);
    const { row } = read;
    const record = recordOf(row, this.#source.site, siteOfPath);
    const { wallTime, notAfterMs, atMs } = record;
    this.#clock ??= new ZoneClock(this.#source.timeZone);
    const time = wallTime === undefined ? undefined : this.#clock.at(wallTime, notAfterMs, memory.doubledHour);
    const known = time === undefined ? memory : withHour(memory, time.doubledHour);
    if (this.#filter.leavesOut(row)) {
      const unverifiable = record.checksum === 'unverifiable';
      return { unsent: 'filtered', tampering: record.tampering, unverifiable, memory: known };
    }

    const retold = this.#freeText.ofRow(row);
    // One literal: spreading parts of it together takes longer than all the rest of this function.
    return {
      kind: 'row',
      row: retold === undefined ? row : retold.told,
      record,
      msg: retold === undefined ? undefined : this.#written(retold.told, memory),
      redacted: retold === undefined ? 0 : retold.redacted,
      timestamp: time === undefined ? timestampOf(atMs ?? readAtMs) : time.timestamp,
      zoneKnown: time === undefined || (time.certain && !this.#source.timeZoneGuessed),
      dated: time !== undefined || atMs !== undefined,
      memory: known,
    };
  }

  #written(row: Row, { columns }: LineMemory): Buffer {
    const tsv = this.#source.format === 'openemr-tsv';
    return Buffer.from(tsv ? cellsLine(row, columns ?? []) : JSON.stringify(row), 'utf8');
  }
}

function withHour(memory: LineMemory, doubledHour: LineMemory['doubledHour']): LineMemory {
  return doubledHour === memory.doubledHour ? memory : { ...memory, doubledHour };
}

/** `sites/NAME/` is where OpenEMR keeps what belongs to one of its sites. */
export function siteIn(path: string): string {
  return /(?:^|\/)sites\/([^/]+)\//.exec(path)?.[1] ?? '';
}
