/**
 * Holds what differs between two messages of the same form, as ranges of octets:
 * numbers and times are written into a small buffer of its own, columns stay where
 * they are in the line. One object for all lines, so that none is made for a line.
 */
import { writeDecimal } from '../../syslog/frame-writer.js';
import { sequenceIdOf } from '../../syslog/rfc5424.js';

/** What may stand in a gap of a template; the number is its place in `from` and `to`. */
export const Value = {
  /** RFC 5424's number of the message, which begins anew after 2147483647. */
  sequenceId: 0,
  seq: 1,
  /** Tail id, colon, offset. */
  id: 2,
  timestamp: 3,
  /** The address of a page, up to the question mark and behind it. */
  addressPath: 4,
  addressQuery: 5,
  /** From here on: in the line. The whole of it first. */
  line: 6,
  row: 7,
  user: 8,
  patient: 9,
  category: 10,
  group: 11,
  logFrom: 12,
  notes: 13,
  /** As stored. */
  comments: 14,
} as const;
export type Value = (typeof Value)[keyof typeof Value];
export const VALUES = 15;

export class Values {
  /** Bounds of each value: in `made` for those before `Value.line`, in `line` for the others. */
  readonly from = new Int32Array(VALUES);
  readonly to = new Int32Array(VALUES);
  readonly made = Buffer.alloc(MADE);
  line: Buffer = this.made;
  #seq = -1;
  #tailEnd = 0;

  /** Tail id and time of reading hold for a chunk; `timestamp` may be set anew for each line. */
  begin(line: Buffer, tailId: string, timestamp: string): void {
    this.line = line;
    this.#tailEnd = AT_ID + this.made.write(`${tailId}:`, AT_ID, 'latin1');
    this.from[Value.id] = AT_ID;
    this.from[Value.seq] = AT_SEQ;
    this.from[Value.sequenceId] = AT_SEQUENCE_ID;
    this.from[Value.timestamp] = AT_TIMESTAMP;
    this.to[Value.timestamp] = AT_TIMESTAMP + this.made.write(timestamp, AT_TIMESTAMP, 'latin1');
  }

  /** Names the next message. */
  name(seq: number, offset: number): void {
    if (seq === this.#seq + 1 && addOne(this.made, this.to[Value.seq]! - 1)) this.#seq = seq;
    else {
      this.to[Value.seq] = writeDecimal(this.made, AT_SEQ, seq);
      this.#seq = seq;
    }
    const sequenceId = sequenceIdOf(seq);
    this.to[Value.id] = writeDecimal(this.made, this.#tailEnd, offset);
    if (sequenceId === seq) {
      this.from[Value.sequenceId] = AT_SEQ;
      this.to[Value.sequenceId] = this.to[Value.seq]!;
    } else {
      this.from[Value.sequenceId] = AT_SEQUENCE_ID;
      this.to[Value.sequenceId] = writeDecimal(this.made, AT_SEQUENCE_ID, sequenceId);
    }
  }
}

/** A timestamp stands at the beginning of `made`. */
export const AT_TIMESTAMP = 0;
const AT_SEQ = 48;
const AT_SEQUENCE_ID = 80;
const AT_ID = 112;
/** An address stands at the end. */
export const AT_ADDRESS = 256;
const MADE = 4096;
const NINE = 0x39;

/** Counts digits on by one where only the last changes, as nine times out of ten. */
function addOne(digits: Uint8Array, last: number): boolean {
  if (digits[last]! >= NINE) return false;
  digits[last]! += 1;
  return true;
}
