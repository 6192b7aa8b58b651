/**
 * What stands before a line in its message: the RFC 5424 header and structured
 * data, `[meta sequenceId="…"]`, `[timeQuality tzKnown="0"]` when the zone or
 * the hour is in doubt, `[audit@PEN run="…" seq="…" id="…" source="…" …]`, in
 * octet strings (`syslog/octets.ts`).
 *
 * `id` is tail id, colon, offset of the line's first byte. TIMESTAMP is the
 * entry's own time with the offset of its zone; where a line has none (`text`,
 * a line that is not understood) it is the moment of reading, in UTC with
 * milliseconds, which no zone can make doubtful. A row without a date keeps its
 * event, user and patient and is marked `unparsed="no-date"`.
 *
 * Header and structured data never take more than half of `maxBytes`: values
 * from the file are shortened, run, seq, id, source, part and unparsed are not.
 */
import type { MessageConfig, SourceConfig } from '../config/config.js';
import type { MessageName } from '../model/entry.js';
import type { DoubledHour } from '../model/position.js';
import type { Field } from '../model/record.js';
import { parseRow } from '../openemr/parse.js';
import { ZoneClock } from '../openemr/wall-time.js';
import { NOTICE, priorityValue, type Severity, WARNING } from '../syslog/priority.js';
import { APP_NAME_MAX, formatHeader, HOSTNAME_MAX, headerField, MSG_ID_MAX } from '../syslog/rfc5424.js';
import { sdParam, sdParams } from '../syslog/structured-data.js';
import { timestampOf } from '../syslog/timestamp.js';

/** What one line says of itself. */
export interface Description {
  /** HEADER up to the structured data. */
  readonly header: string;
  /** False: `[timeQuality tzKnown="0"]`. */
  readonly zoneKnown: boolean;
  /** Parameters after the ones that every message has. */
  readonly params: string;
  readonly parsed: boolean;
  /** For the file's next line. */
  readonly doubledHour: DoubledHour | undefined;
}

/** Describes the lines of one chunk. */
export interface Describer {
  /** The line is `bytes` from `start` to `end`; `state` as the line before it left it. */
  line(bytes: Buffer, start: number, end: number, state: DoubledHour | undefined): Description;
  /** A piece of a line: of no format can it be understood. */
  piece(state: DoubledHour | undefined): Description;
}

/** Makes what stands before the lines of one source. */
export class SourceHeaders {
  readonly #source: SourceConfig;
  readonly #message: MessageConfig;
  readonly #hostname: string | undefined;
  readonly #appName: string | undefined;
  readonly #clock: ZoneClock | undefined;
  /** From behind the sequenceId to the seq. */
  readonly #toSeq: string;
  readonly #toSeqInDoubt: string;
  readonly #sourceParam: string;
  /** The most octets that all but a description's header and params can take. */
  readonly #fixedMax: number;

  constructor(source: SourceConfig, message: MessageConfig, run: string) {
    this.#source = source;
    this.#message = message;
    this.#hostname = headerField(message.hostname, HOSTNAME_MAX);
    this.#appName = headerField(message.appName, APP_NAME_MAX);
    this.#clock = source.format === 'text' ? undefined : new ZoneClock(source.timeZone);
    const toSeq = `[audit@${message.enterpriseId}${sdParam('run', run)} seq="`;
    this.#toSeq = `"]${toSeq}`;
    this.#toSeqInDoubt = `"][timeQuality tzKnown="0"]${toSeq}`;
    this.#sourceParam = `"${sdParams([['source', source.name]], SOURCE_MAX)}`;
    this.#fixedMax = this.#toSeqInDoubt.length + this.#sourceParam.length + VARYING_MAX;
  }

  /** All octets before MSG. `extra` is what `partParam` and `followsParam` make, empty for most. */
  format(description: Description, seq: number, idParam: string, offset: number, extra: string): string {
    const toSeq = description.zoneKnown ? this.#toSeq : this.#toSeqInDoubt;
    const name = `${META}${sequenceId(seq)}${toSeq}${seq}${idParam}${offset}${this.#sourceParam}`;
    return `${description.header}${name}${extra}${description.params}] `;
  }

  /** The most octets of a line that fit behind what `format` makes, byte order mark included, whatever the numbers. */
  room(description: Description): number {
    return this.#message.maxBytes - this.#fixedMax - description.header.length - description.params.length;
  }

  /** For a chunk that was read from `path` at this moment. */
  describer(path: string, readAtMs: number): Describer {
    if (this.#clock === undefined) {
      const read = this.#describeRead(readAtMs, undefined, undefined);
      return { line: () => read, piece: () => read };
    }
    const clock = this.#clock;
    const site = siteIn(path);
    return {
      line: (bytes, start, end, state) => this.#describeRow(bytes.subarray(start, end), site, clock, readAtMs, state),
      piece: (state) => this.#describeRead(readAtMs, 'part', state),
    };
  }

  /** For a line of which only the time of reading is known. */
  #describeRead(readAtMs: number, unparsed: string | undefined, state: DoubledHour | undefined): Description {
    return {
      header: this.#header(NOTICE, timestampOf(readAtMs), ''),
      zoneKnown: true,
      params: unparsed === undefined ? '' : sdParam('unparsed', unparsed),
      parsed: unparsed === undefined,
      doubledHour: state,
    };
  }

  #describeRow(
    line: Buffer,
    siteOfPath: string,
    clock: ZoneClock,
    readAtMs: number,
    state: DoubledHour | undefined,
  ): Description {
    const record = parseRow(line, this.#source.site, siteOfPath);
    if ('unparsed' in record) return this.#describeRead(readAtMs, record.unparsed, state);

    const { event, success, wallTime, notAfterMs, atMs } = record;
    const time = wallTime === undefined ? undefined : clock.at(wallTime, notAfterMs, state);
    const timestamp = time?.timestamp ?? timestampOf(atMs ?? readAtMs);
    const parsed = time !== undefined || atMs !== undefined;
    const header = this.#header(success === false ? WARNING : NOTICE, timestamp, event);
    const unparsed = parsed ? '' : sdParam('unparsed', 'no-date');
    const room = this.#message.maxBytes / 2 - this.#fixedMax - header.length - unparsed.length;
    const fields: readonly Field[] = event === '' ? record.fields : [['event', event], ...record.fields];
    return {
      header,
      zoneKnown: time === undefined || (time.certain && !this.#source.timeZoneGuessed),
      params: unparsed + sdParams(fields, room, VALUE_MAX),
      parsed,
      doubledHour: time === undefined ? state : time.doubledHour,
    };
  }

  #header(severity: Severity, timestamp: string, event: string): string {
    return formatHeader({
      priority: priorityValue(this.#message.facility, severity),
      timestamp,
      hostname: this.#hostname,
      appName: this.#appName,
      procId: undefined,
      msgId: headerField(event, MSG_ID_MAX),
    });
  }
}

/** What a message of the agent's own says, all but its name. */
export interface OwnWords {
  readonly kind: string;
  readonly fields: readonly Field[];
  readonly severity: Severity;
  readonly nowMs: number;
}

/** All of a message of the agent's own, which has no MSG: `[agent@PEN kind="…" run="…" seq="…" …]`. */
export function ownMessage(message: MessageConfig, name: MessageName, follows: string, own: OwnWords): string {
  const header = formatHeader({
    priority: priorityValue(message.facility, own.severity),
    timestamp: timestampOf(own.nowMs),
    hostname: headerField(message.hostname, HOSTNAME_MAX),
    appName: 'openemr-audit-forwarder',
    procId: undefined,
    msgId: 'OAF',
  });
  const params = `${sdParam('kind', own.kind)}${sdParam('run', name.run)}${sdParam('seq', String(name.seq))}${follows}`;
  const fixed = `${header}${META}${sequenceId(name.seq)}"][agent@${message.enterpriseId}${params}`;
  return `${fixed}${sdParams(own.fields, message.maxBytes - fixed.length - 1)}]`;
}

/** The start of `id`: all but the offset. It closes `seq`, whose value stands before it. */
export function idParam(tailId: string): string {
  return `" id="${tailId}:`;
}

/** `part="2/3"`; `total` is `undefined` while nobody knows it. */
export function partParam(number: number, total: number | undefined): string {
  return sdParam('part', `${number}/${total ?? '*'}`);
}

/** For the first message of a run: the last one before it that is intact. */
export function followsParam(last: MessageName): string {
  return sdParam('follows', `${last.run}:${last.seq}`);
}

const META = '[meta sequenceId="';
/** A configured name; a message of 2048 octets has no room for an essay. */
const SOURCE_MAX = 128;
/** Of one value from the file: OpenEMR's columns have 255 characters, mostly ASCII. */
const VALUE_MAX = 512;
const SEQ_MAX = Number.MAX_SAFE_INTEGER;
const RUN_MAX = 'ffffffffffffffff';
const VARYING_MAX = [
  META,
  String(sequenceId(2_147_483_647)),
  String(SEQ_MAX),
  idParam(RUN_MAX),
  String(SEQ_MAX),
  partParam(99_999_999, 99_999_999),
  followsParam({ run: RUN_MAX, seq: SEQ_MAX }),
  '] ',
].join('').length;

/** RFC 5424 section 7.3.1: from 1 to 2147483647, then 1 again. */
function sequenceId(seq: number): number {
  return ((seq - 1) % 2_147_483_647) + 1;
}

/** `sites/NAME/` is where OpenEMR keeps what belongs to one of its sites. */
function siteIn(path: string): string {
  return /(?:^|\/)sites\/([^/]+)\//.exec(path)?.[1] ?? '';
}
