/**
 * Encodes for the profile `atna`: MSG is a DICOM audit message in XML, as ITI-20
 * has it (IHE ITI TF-2 section 3.20.4.1.2): MSGID `IHE+RFC-3881`, no structured
 * data, no byte order mark. The line itself is not sent: what it says is in the
 * message, and what names the message in an object of our own.
 *
 * A message is never sent in parts; a line that the source could only read in
 * pieces becomes one message a piece. A line that cannot be parsed is sent
 * unchanged, in base64, under a code of our own; so is one of `text`.
 */
import { type AuditMessage, AuditMessages } from '../atna/audit-message.js';
import { type Detail, detail } from '../atna/detail.js';
import { ownObjectStart } from '../atna/own-object.js';
import type { MessageConfig, SourceConfig } from '../config/config.js';
import type { MessageName } from '../model/entry.js';
import type { LineMemory, TailId } from '../model/position.js';
import { columnsOf } from '../openemr/columns.js';
import { priorityValue, type Severity, WARNING } from '../syslog/priority.js';
import { APP_NAME_MAX, formatHeader, HOSTNAME_MAX, headerField } from '../syslog/rfc5424.js';
import { timestampOf } from '../syslog/timestamp.js';
import { type BareReading, LineReader, type RowReading, siteIn } from './line-reader.js';
import type { Describer, Description, MessageMaker, OwnWords, Part, Profile, WholeLimits } from './profile.js';

export class AtnaProfile implements Profile {
  readonly #own: AuditMessages;

  constructor(
    private readonly message: MessageConfig,
    private readonly run: string,
  ) {
    this.#own = auditMessages(message, '');
  }

  maker(source: SourceConfig): MessageMaker {
    return new AtnaMaker(source, this.message, this.run);
  }

  own(name: MessageName, follows: MessageName | undefined, { kind, fields, severity, nowMs }: OwnWords): string {
    const timestamp = timestampOf(nowMs);
    const made = this.#own.ofAgent(kind, fields, severity <= WARNING ? 4 : 5, timestamp);
    const start = ownObjectStart(name, detail('run', name.run));
    const before = headerBefore(this.message, 'openemr-audit-forwarder', made.severity, timestamp);
    return before + made.before + start + (follows === undefined ? '' : followsDetail(follows)) + made.after;
  }
}

class AtnaMaker implements MessageMaker {
  readonly whole: WholeLimits;
  readonly #message: MessageConfig;
  readonly #run: string;
  readonly #messages: AuditMessages;
  readonly #lines: LineReader;
  readonly #unparsedPiece: string | undefined;
  /** Comments are not to go out, and lines may hold them. */
  readonly #withheld: boolean;
  readonly #runDetail: string;
  readonly #sourceDetail: string;

  constructor(source: SourceConfig, message: MessageConfig, run: string) {
    this.#message = message;
    this.#run = run;
    this.#messages = auditMessages(message, source.name);
    // The message is made of the columns: what goes out of the comments is decided there.
    this.#lines = new LineReader(source, message, 'encoded');
    this.#unparsedPiece = source.format === 'text' ? undefined : 'part';
    this.#withheld = source.format !== 'text' && message.comments === 'omit';
    this.#runDetail = detail('run', run);
    this.#sourceDetail = detail('source', source.name);
    const octets = message.maxBytes - HEADER_MAX - NAME_MAX;
    this.whole = { message: octets, header: octets, value: this.#messages.wholeValue, special: 'xml' };
  }

  describer(path: string, readAtMs: number): Describer {
    const site = siteIn(path);
    return {
      line: (bytes, start, end, memory) => {
        const line = bytes.subarray(start, end);
        const reading = this.#lines.read(line, site, readAtMs, memory);
        if ('unsent' in reading) return reading;
        return reading.kind === 'row' ? this.#describeRow(reading) : this.#describeLine(reading, line, readAtMs);
      },
      piece: (bytes, start, end, memory) => {
        const line = bytes.subarray(start, end);
        return this.#describeLine(this.#lines.bare(line, this.#unparsedPiece, memory), line, readAtMs);
      },
      asItIs: (bytes, start, end, memory) => {
        if (this.#withheld) return undefined;
        const line = bytes.subarray(start, end);
        return this.#describeLine(this.#lines.bare(line, 'fault', memory), line, readAtMs);
      },
    };
  }

  format(description: Description, seq: number, tailId: TailId, offset: number, extra: string): string {
    const start = ownObjectStart({ run: this.#run, seq }, this.#runDetail);
    const id = detail('id', `${tailId}:${offset}`);
    return description.before + start + id + this.#sourceDetail + extra + description.after;
  }

  extra(part: Part | undefined, follows: MessageName | undefined): string {
    return (part === undefined ? '' : partDetail(part)) + (follows === undefined ? '' : followsDetail(follows));
  }

  /** There is nothing behind the audit message. */
  room(): number {
    return this.#message.maxBytes;
  }

  #describeRow({ record, row, timestamp, zoneKnown, dated, redacted, memory }: RowReading): Description {
    const marks: Detail[] = [];
    if (!dated) marks.push(['unparsed', 'no-date']);
    if (!zoneKnown) marks.push(['tzKnown', '0']);
    if (redacted > 0) marks.push(['redacted', String(redacted)]);
    const made = this.#messages.ofRecord({ record, columns: columnsOf(row) }, timestamp, marks);
    const [first, second] = made.map((message) => ({
      ...this.#description(message, timestamp, memory, dated),
      tampering: record.tampering,
      unverifiable: record.checksum === 'unverifiable',
    }));
    return second === undefined ? first! : { ...first!, also: second };
  }

  #describeLine({ unparsed, msg, redacted, memory }: BareReading, line: Buffer, readAtMs: number): Description {
    const timestamp = timestampOf(readAtMs);
    const marks: Detail[] = redacted > 0 ? [['redacted', String(redacted)]] : [];
    const made = this.#messages.ofLine(unparsed, msg ?? line, timestamp, marks);
    return this.#description(made, timestamp, memory, unparsed === undefined);
  }

  #description(made: AuditMessage, timestamp: string, memory: LineMemory, parsed: boolean): Description {
    const before = headerBefore(this.#message, this.#message.appName, made.severity, timestamp) + made.before;
    return { before, zoneKnown: true, after: made.after, parsed, tampering: undefined, memory, msg: NO_MSG };
  }
}

const NO_MSG = Buffer.alloc(0);

function auditMessages(message: MessageConfig, site: string): AuditMessages {
  const { hostname, appName, comments, maxBytes } = message;
  return new AuditMessages({
    hostname,
    appName,
    site,
    comments: comments !== 'omit',
    maxBytes: maxBytes - HEADER_MAX,
    nameRoom: NAME_MAX,
  });
}

/** HEADER and the NILVALUE of structured data, with the space behind it. */
function headerBefore(message: MessageConfig, appName: string, severity: Severity, timestamp: string): string {
  const header = formatHeader({
    priority: priorityValue(message.facility, severity),
    timestamp,
    hostname: headerField(message.hostname, HOSTNAME_MAX),
    appName: headerField(appName, APP_NAME_MAX),
    procId: undefined,
    msgId: 'IHE+RFC-3881',
  });
  return `${header}- `;
}

function partDetail({ number, total }: Part): string {
  return detail('part', `${number}/${total ?? '*'}`);
}

function followsDetail(last: MessageName): string {
  return detail('follows', `${last.run}:${last.seq}`);
}

/** `<191>1 2026-11-20T07:58:01.123456-05:00 `, two names, NILVALUEs and MSGID. */
const HEADER_MAX = 64 + HOSTNAME_MAX + APP_NAME_MAX;
const RUN_MAX = 'ffffffffffffffff';
const SEQ_MAX = Number.MAX_SAFE_INTEGER;
/** The longest that a source may be called is 63. */
const NAME_MAX = [
  ownObjectStart({ run: RUN_MAX, seq: SEQ_MAX }, detail('run', RUN_MAX)),
  detail('id', `${RUN_MAX}:${SEQ_MAX}`),
  detail('source', 'x'.repeat(63)),
  partDetail({ number: 99_999_999, total: 99_999_999 }),
  followsDetail({ run: RUN_MAX, seq: SEQ_MAX }),
].join('').length;
