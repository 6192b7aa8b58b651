/**
 * Writes the header of SYSLOG-MSG, RFC 5424 section 6, and reads whole messages.
 * Reading is strict: it accepts what the grammar and its prose allow, nothing
 * else, and names the rule and the octet where a message leaves it. A sender
 * writes VERSION 1; section 6.2.2 lets a receiver meet others, so any that the
 * grammar has is read by the rules of version 1.
 */
import { isUtf8 } from 'node:buffer';
import { Fault } from './fault.js';
import { splitPriority } from './priority.js';
import { readStructuredData, type SdElement } from './structured-data.js';
import { isTimestamp } from './timestamp.js';

/** The octets that begin a MSG in UTF-8 (section 6.4). */
export const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** A field that is `undefined` is sent as NILVALUE. Each must already be within the grammar: see `headerField`. */
export interface Header {
  readonly priority: number;
  readonly timestamp: string | undefined;
  readonly hostname: string | undefined;
  readonly appName: string | undefined;
  readonly procId: string | undefined;
  readonly msgId: string | undefined;
}

export interface Message extends Omit<Header, 'priority'> {
  readonly facility: number;
  readonly severity: number;
  readonly version: number;
  readonly structuredData: readonly SdElement[];
  /** MSG without the byte order mark; `undefined` when the message ends with its structured data. */
  readonly msg: Buffer | undefined;
  /** MSG began with a byte order mark: it is UTF-8. */
  readonly bom: boolean;
}

export type Parsed = { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly fault: Fault };

/** HEADER with the space after it; structured data comes next. */
export function formatHeader(header: Header): string {
  const { priority, timestamp = NIL, hostname = NIL, appName = NIL, procId = NIL, msgId = NIL } = header;
  return `<${priority}>1 ${timestamp} ${hostname} ${appName} ${procId} ${msgId} `;
}

/** Any text as a header field: octets outside 33 to 126 become `_`, `max` octets at most, `undefined` when empty. */
export function headerField(text: string, max: number): string | undefined {
  if (text === '') return undefined;
  const octets = PRINTABLE.test(text)
    ? text
    : Buffer.from(text, 'utf8').toString('latin1').replaceAll(UNPRINTABLE, '_');
  return octets.slice(0, max);
}

/** The longest that each field may be (section 6). */
export const HOSTNAME_MAX = 255;
export const APP_NAME_MAX = 48;
const PROC_ID_MAX = 128;
export const MSG_ID_MAX = 32;

/** `meta sequenceId` of a program's message by its number from 1 on (section 7.3.1): from 1 to 2147483647, then 1 again. */
export function sequenceIdOf(seq: number): number {
  return ((seq - 1) % 2_147_483_647) + 1;
}

/** Reads one message, without its frame. */
export function parseMessage(message: Buffer): Parsed {
  try {
    return { ok: true, message: read(message) };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, fault: error };
    throw error;
  }
}

const NIL = '-';
const PRINTABLE = /^[!-~]*$/;
const UNPRINTABLE = /[^!-~]/g;
const PRI = /^<(0|[1-9]\d?|1[0-8]\d|19[01])>/;
const VERSION = /[1-9]\d{0,2}(?= )/y;

function read(bytes: Buffer): Message {
  const octets = bytes.toString('latin1');
  const pri = PRI.exec(octets);
  if (pri === null) throw new Fault('priority', 0);
  VERSION.lastIndex = pri[0].length;
  const version = VERSION.exec(octets)?.[0];
  if (version === undefined) throw new Fault('version', pri[0].length);

  const fields = new HeaderFields(octets, VERSION.lastIndex + 1);
  const timestamp = fields.next('timestamp', 32);
  if (timestamp !== undefined && !isTimestamp(timestamp)) throw new Fault('timestamp', fields.start);
  const hostname = fields.next('hostname', HOSTNAME_MAX);
  const appName = fields.next('app-name', APP_NAME_MAX);
  const procId = fields.next('proc-id', PROC_ID_MAX);
  const msgId = fields.next('msg-id', MSG_ID_MAX);
  const { elements: structuredData, end } = readStructuredData(octets, fields.at);
  const header = { version: Number(version), timestamp, hostname, appName, procId, msgId };
  return { ...splitPriority(Number(pri[1])), ...header, structuredData, ...readMsg(bytes, end) };
}

/** Walks the fields between VERSION and STRUCTURED-DATA, each with the space after it. */
class HeaderFields {
  /** Where the field last read began. */
  start = 0;

  constructor(
    readonly octets: string,
    /** Where the next field begins. */
    public at: number,
  ) {}

  /** The next field, `undefined` for NILVALUE. */
  next(rule: Fault['rule'], max: number): string | undefined {
    this.start = this.at;
    const end = this.octets.indexOf(' ', this.at);
    const field = this.octets.slice(this.at, end === -1 ? undefined : end);
    if (end === -1 || field === '' || field.length > max || !PRINTABLE.test(field)) throw new Fault(rule, this.at);
    this.at = end + 1;
    return field === NIL ? undefined : field;
  }
}

function readMsg(bytes: Buffer, at: number): Pick<Message, 'msg' | 'bom'> {
  if (at === bytes.length) return { msg: undefined, bom: false };
  if (bytes[at] !== SPACE) throw new Fault('msg', at);
  const msg = bytes.subarray(at + 1);
  if (!msg.subarray(0, BOM.length).equals(BOM)) return { msg, bom: false };
  if (!isUtf8(msg)) throw new Fault('msg-not-utf8', at + 1);
  return { msg: msg.subarray(BOM.length), bom: true };
}

const SPACE = 0x20;
