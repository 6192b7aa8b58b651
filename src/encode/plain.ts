/**
 * Encodes for the profile `plain`: MSG is the line, and what it says stands before
 * it as RFC 5424 structured data: `[meta sequenceId="…"]`,
 * `[timeQuality tzKnown="0"]` when the zone or the hour is in doubt, with
 * `isSynced="0"` when this machine's clock is known to be unsynchronised,
 * `[audit@PEN run="…" seq="…" id="…" source="…" …]`.
 *
 * `id` is tail id, colon, offset of the line's first byte. TIMESTAMP is the
 * entry's own time with the offset of its zone; where a line has none (`text`,
 * an unparsed line) it is the time of reading, in UTC with milliseconds, about
 * which no zone can be in doubt. A row without a date keeps its event, user and
 * patient and is marked `unparsed="no-date"`. When an emergency account logs in or
 * out, the row is followed by a message of our own, `event="breakglass-start"` or
 * `"breakglass-stop"` with `derived="1"` and no MSG.
 *
 * Header and structured data never take more than half of `maxBytes`: values
 * from the file are shortened; run, seq, id, source, part and unparsed are not.
 */
import type { MessageConfig, SourceConfig } from '../config/config.js';
import type { ClockSync } from '../lib/clock.js';
import type { MessageName } from '../model/entry.js';
import type { TailId } from '../model/position.js';
import type { Emergency, Field } from '../model/record.js';
import { NOTICE, priorityValue, type Severity, WARNING } from '../syslog/priority.js';
import { APP_NAME_MAX, formatHeader, HOSTNAME_MAX, headerField, MSG_ID_MAX, sequenceIdOf } from '../syslog/rfc5424.js';
import { sdParam, sdParams } from '../syslog/structured-data.js';
import { timestampOf } from '../syslog/timestamp.js';
import { type BareReading, LineReader, type RowReading, siteIn } from './line-reader.js';
import type { Describer, Description, MessageMaker, OwnWords, Part, Profile, WholeLimits } from './profile.js';

export class PlainProfile implements Profile {
  constructor(
    private readonly message: MessageConfig,
    private readonly run: string,
    private readonly clock: () => ClockSync,
  ) {}

  maker(source: SourceConfig): MessageMaker {
    return new PlainMaker(source, this.message, this.run, this.clock);
  }

  /** It has no MSG: `[agent@PEN kind="…" run="…" seq="…" …]`. Its time is this machine's, so it says what that is worth. */
  own(name: MessageName, follows: MessageName | undefined, { kind, fields, severity, nowMs }: OwnWords): string {
    const { message } = this;
    const header = formatHeader({
      priority: priorityValue(message.facility, severity),
      timestamp: timestampOf(nowMs),
      hostname: headerField(message.hostname, HOSTNAME_MAX),
      appName: 'openemr-audit-forwarder',
      procId: undefined,
      msgId: 'OAF',
    });
    const named = `${sdParam('kind', kind)}${sdParam('run', name.run)}${sdParam('seq', String(name.seq))}`;
    const params = named + (follows === undefined ? '' : followsParam(follows));
    const fixed = `${header}${META}${sequenceIdOf(name.seq)}"]${OWN_TIME[this.clock()]}[agent@${message.enterpriseId}${params}`;
    return `${fixed}${sdParams(fields, message.maxBytes - fixed.length - 1)}]`;
  }
}

class PlainMaker implements MessageMaker {
  readonly whole: WholeLimits;
  readonly #message: MessageConfig;
  readonly #hostname: string | undefined;
  readonly #appName: string | undefined;
  readonly #lines: LineReader;
  readonly #unparsedPiece: string | undefined;
  /** Comments are not to go out, and lines may hold them. */
  readonly #withheld: boolean;
  readonly #clock: () => ClockSync;
  /** From behind the sequenceId to the seq. */
  readonly #toSeq: string;
  readonly #toSeqInDoubt: string;
  /** The same while the clock is unsynchronised. */
  readonly #toSeqUnsynced: string;
  readonly #toSeqInDoubtUnsynced: string;
  readonly #sourceParam: string;
  /** The most octets that all but a description's halves can take. */
  readonly #fixedMax: number;

  constructor(source: SourceConfig, message: MessageConfig, run: string, clock: () => ClockSync) {
    this.#message = message;
    this.#clock = clock;
    this.#hostname = headerField(message.hostname, HOSTNAME_MAX);
    this.#appName = headerField(message.appName, APP_NAME_MAX);
    this.#lines = new LineReader(source, message, message.comments);
    this.#unparsedPiece = source.format === 'text' ? undefined : 'part';
    this.#withheld = source.format !== 'text' && message.comments === 'omit';
    const toSeq = `[audit@${message.enterpriseId}${sdParam('run', run)} seq="`;
    this.#toSeq = `"]${toSeq}`;
    this.#toSeqInDoubt = `"][timeQuality tzKnown="0"]${toSeq}`;
    this.#toSeqUnsynced = `"][timeQuality tzKnown="1" isSynced="0"]${toSeq}`;
    this.#toSeqInDoubtUnsynced = `"][timeQuality tzKnown="0" isSynced="0"]${toSeq}`;
    this.#sourceParam = `"${sdParams([['source', source.name]], SOURCE_MAX)}`;
    this.#fixedMax = this.#toSeqInDoubtUnsynced.length + this.#sourceParam.length + VARYING_MAX;
    const { maxBytes } = message;
    this.whole = { message: maxBytes, header: maxBytes / 2 - this.#fixedMax, value: VALUE_MAX, special: 'sd' };
  }

  describer(path: string, readAtMs: number): Describer {
    const site = siteIn(path);
    const bare = this.#bareDescriber(readAtMs);
    return {
      line: (bytes, start, end, memory) => {
        const reading = this.#lines.read(bytes.subarray(start, end), site, readAtMs, memory);
        if ('unsent' in reading) return reading;
        return reading.kind === 'row' ? this.#describeRow(reading) : bare(reading);
      },
      piece: (bytes, start, end, memory) =>
        bare(this.#lines.bare(bytes.subarray(start, end), this.#unparsedPiece, memory)),
      asItIs: (bytes, start, end, memory) =>
        this.#withheld ? undefined : bare(this.#lines.bare(bytes.subarray(start, end), 'fault', memory)),
    };
  }

  format(description: Description, seq: number, tailId: TailId, offset: number, extra: string): string {
    const toSeq = this.#toSeqFor(description.zoneKnown);
    const name = `${META}${sequenceIdOf(seq)}${toSeq}${seq}${ID}${tailId}:${offset}${this.#sourceParam}`;
    return `${description.before}${name}${extra}${description.after}] `;
  }

  #toSeqFor(zoneKnown: boolean): string {
    if (this.#clock() === 'unsynchronised') return zoneKnown ? this.#toSeqUnsynced : this.#toSeqInDoubtUnsynced;
    return zoneKnown ? this.#toSeq : this.#toSeqInDoubt;
  }

  extra(part: Part | undefined, follows: MessageName | undefined): string {
    return (part === undefined ? '' : partParam(part)) + (follows === undefined ? '' : followsParam(follows));
  }

  room({ before, after }: Description): number {
    return this.#message.maxBytes - this.#fixedMax - before.length - after.length;
  }

  /** Of a line as such only the time of reading is known, which is the same for all of a chunk. */
  #bareDescriber(readAtMs: number): (reading: BareReading) => Description {
    const before = this.#header(NOTICE, timestampOf(readAtMs), '');
    return ({ unparsed, redacted, msg, memory }) => {
      const reason = unparsed === undefined ? '' : sdParam('unparsed', unparsed);
      const after = reason + redactedParam(redacted);
      const description = {
        before,
        zoneKnown: true,
        after,
        parsed: unparsed === undefined,
        tampering: undefined,
        memory,
      };
      return msg === undefined ? description : { ...description, msg };
    };
  }

  #describeRow(reading: RowReading): Description {
    const { record, timestamp, zoneKnown, dated, redacted, msg, memory } = reading;
    const { event, failed, tampering, checksum } = record;
    const before = this.#header(failed || tampering !== undefined ? WARNING : NOTICE, timestamp, event);
    const marks = (dated ? '' : sdParam('unparsed', 'no-date')) + redactedParam(redacted);
    const room = this.#message.maxBytes / 2 - this.#fixedMax - before.length - marks.length;
    const fields: readonly Field[] = event === '' ? record.fields : [['event', event], ...record.fields];
    const after = marks + sdParams(fields, room, VALUE_MAX);
    const unverifiable = checksum === 'unverifiable';
    const description = { before, zoneKnown, after, parsed: dated, tampering, unverifiable, memory };
    const whole = msg === undefined ? description : { ...description, msg };
    return record.emergency === undefined ? whole : { ...whole, also: this.#override(record.emergency, reading) };
  }

  /** An emergency account comes or goes: said once more, under a name that a receiver can raise an alarm by. */
  #override(emergency: Emergency, { record, timestamp, zoneKnown, memory }: RowReading): Description {
    const msgId = `breakglass-${emergency}`;
    const before = this.#header(emergency === 'start' ? WARNING : NOTICE, timestamp, msgId);
    const named = record.fields.filter(([name]) => NAMING.has(name));
    const room = this.#message.maxBytes / 2 - this.#fixedMax - before.length;
    const after = sdParams([['event', msgId], ['derived', '1'], ...named], room, VALUE_MAX);
    return { before, zoneKnown, after, parsed: true, tampering: undefined, memory, msg: NO_MSG };
  }

  #header(severity: Severity, timestamp: string, msgId: string): string {
    return formatHeader({
      priority: priorityValue(this.#message.facility, severity),
      timestamp,
      hostname: this.#hostname,
      appName: this.#appName,
      procId: undefined,
      msgId: headerField(msgId, MSG_ID_MAX),
    });
  }
}

/** `part="2/3"`; `2/*` while nobody knows how many there are. */
function partParam({ number, total }: Part): string {
  return sdParam('part', `${number}/${total ?? '*'}`);
}

/** MSG is not the line as it stands in the file: this many places were made unreadable. */
function redactedParam(places: number): string {
  return places === 0 ? '' : sdParam('redacted', String(places));
}

/** For the first message of a run: the last one before it that is intact. */
function followsParam(last: MessageName): string {
  return sdParam('follows', `${last.run}:${last.seq}`);
}

/** Fields that say whom and what an emergency account's coming and going is about. */
const NAMING: ReadonlySet<string> = new Set(['user', 'row', 'ip']);
const NO_MSG = Buffer.alloc(0);
const META = '[meta sequenceId="';

/** RFC 5424 section 7.1: what the time of a message of our own is worth. */
const OWN_TIME: Readonly<Record<ClockSync, string>> = {
  synchronised: '[timeQuality tzKnown="1" isSynced="1"]',
  unsynchronised: '[timeQuality tzKnown="1" isSynced="0"]',
  unknown: '',
};

/** It closes `seq`, whose value stands before it. */
const ID = '" id="';
/** A configured name; a message of 2048 octets has no room for an essay. */
const SOURCE_MAX = 128;
/** Of one value from the file: OpenEMR's columns have 255 characters, mostly ASCII. */
const VALUE_MAX = 512;
const SEQ_MAX = Number.MAX_SAFE_INTEGER;
const RUN_MAX = 'ffffffffffffffff';
const VARYING_MAX = [
  META,
  String(sequenceIdOf(2_147_483_647)),
  String(SEQ_MAX),
  `${ID}${RUN_MAX}:`,
  String(SEQ_MAX),
  partParam({ number: 99_999_999, total: 99_999_999 }),
  followsParam({ run: RUN_MAX, seq: SEQ_MAX }),
  '] ',
].join('').length;
