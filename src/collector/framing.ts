/**
 * Tells how a client frames its messages and takes them out of the stream.
 * The first octet decides, once a connection: a digit 1-9 begins an octet count
 * (RFC 5425 section 4.3, RFC 6587 section 3.4.1), anything else is text, which
 * ends a message by LF (RFC 6587 section 3.4.2). OpenEMR's own ATNA sender uses
 * neither: it sends a header, an XML document and nothing after it, one message
 * a connection. Pure; knows nothing of sockets.
 */
/** Takes octet-counted frames apart. */
export interface Unframer {
  /** The messages that these octets complete. */
  feed(bytes: Buffer): Buffer[];
  /** Set once the stream is broken: after a bad MSG-LEN nobody knows where the next frame begins. */
  readonly fault: { readonly reason: string; readonly offset: number } | undefined;
  /** Octets of a frame that has begun and not ended. */
  readonly pending: number;
}

export type Framing =
  /** RFC 5425. */
  | 'octet-counted'
  /** A message a line. */
  | 'lines'
  /** A header and an XML document up to the end of the connection. */
  | 'openemr-atna';

const LF = 0x0a;
const CR = 0x0d;
const XML = '<?xml';

// PRI, time and host and then nothing: the line that OpenEMR 6 and later puts before its XML. No whole syslog
// message looks like this: RFC 5424 has a version after PRI, and RFC 3164 text behind the host.
const ATNA_HEADER = /^<\d{1,3}> ?\d{4}-\d\d-\d\dT\S+ \S+ ?\r?$/;
// OpenEMR 5.0 has the XML on the header's own line.
const ATNA_HEADER_AND_XML = /^<\d{1,3}> ?\d{4}-\d\d-\d\dT\S+ \S+ ?<\?xml/;
const ATNA_END = /<\/AuditMessage>\s*$/;

export class Framer {
  #framing: Framing | undefined;
  /** Text that no message given out so far covers, as it was read: joined only when a line ends, however long it is. */
  #pieces: Buffer[] = [];
  #waitingBytes = 0;
  /** A line has ended, and what follows decides what it is. */
  #isUndecided = false;
  #fault: string | undefined;
  readonly #unframer: Unframer;
  readonly #maxMessageBytes: number;

  constructor(unframer: Unframer, maxMessageBytes: number) {
    this.#unframer = unframer;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** `undefined` until the client has sent something. */
  get framing(): Framing | undefined {
    return this.#framing;
  }

  /** Octets of a message that has begun and not ended. */
  get unfinishedBytes(): number {
    return this.#framing === 'octet-counted' ? this.#unframer.pending : this.#waitingBytes;
  }

  /** Why this stream cannot be read any further. */
  get fault(): string | undefined {
    const { fault } = this.#unframer;
    return fault === undefined ? this.#fault : `${fault.reason} at octet ${fault.offset} of the stream`;
  }

  /** The messages completed by these bytes; look at `fault` after them. */
  feed(bytes: Buffer): Buffer[] {
    if (bytes.length === 0) return [];
    this.#framing ??= isCount(bytes[0]!) ? 'octet-counted' : 'lines';
    return this.#framing === 'octet-counted' ? this.#unframer.feed(bytes) : this.#feedText(bytes);
  }

  /** The client has ended: what text it had begun is a message, too. A frame cut short is none. */
  end(): Buffer[] {
    if (this.#framing === 'octet-counted') return [];
    const text = this.#take();
    if (this.#framing === 'openemr-atna') return [text];
    // Only a header that nothing came after still holds an LF.
    const end = text.indexOf(LF);
    const lines = end === -1 ? [text] : [text.subarray(0, end), text.subarray(end + 1)];
    if (lines.at(-1)?.length === 0) lines.pop();
    return lines.map(withoutCr);
  }

  /** The connection broke: of what has begun only OpenEMR's document shows whether it is complete. */
  cutOff(): Buffer[] {
    if (this.#framing !== 'openemr-atna') return [];
    const text = this.#take();
    return ATNA_END.test(text.toString('latin1', Math.max(0, text.length - 64))) ? [text] : [];
  }

  #feedText(bytes: Buffer): Buffer[] {
    const searched = this.#isUndecided ? 0 : this.#waitingBytes;
    this.#hold(bytes);
    const mayEnd = this.#framing === 'lines' && (this.#isUndecided || bytes.includes(LF));
    const lines = mayEnd ? this.#takeLines(searched) : [];
    if (this.#waitingBytes > this.#maxMessageBytes) {
      this.#fault = `a message of more than ${this.#maxMessageBytes} octets`;
    }
    return lines;
  }

  #hold(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #take(): Buffer {
    const [only = Buffer.alloc(0), ...more] = this.#pieces;
    const text = more.length === 0 ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#waitingBytes = 0;
    return text;
  }

  /** `searched`: so many octets hold no LF. */
  #takeLines(searched: number): Buffer[] {
    const text = this.#take();
    const lines: Buffer[] = [];
    let start = 0;
    this.#isUndecided = false;
    for (;;) {
      const end = text.indexOf(LF, Math.max(start, searched));
      if (end === -1) break;
      const line = text.subarray(start, end);
      const kind = kindOf(line, text.subarray(end + 1, end + 1 + XML.length));
      if (kind !== 'line') {
        this.#isUndecided = kind === 'undecided';
        if (kind === 'openemr-atna') this.#framing = kind;
        break;
      }
      lines.push(withoutCr(line));
      start = end + 1;
    }
    this.#hold(text.subarray(start));
    return lines;
  }
}

/** What a line and the octets after it are; a header waits for the first octets of what follows. */
function kindOf(line: Buffer, next: Buffer): 'line' | 'openemr-atna' | 'undecided' {
  // A header is some hundred octets at most: no need to look at a longer line as a whole.
  const head = line.toString('latin1', 0, 512);
  if (ATNA_HEADER_AND_XML.test(head)) return 'openemr-atna';
  if (!ATNA_HEADER.test(head)) return 'line';
  const begin = next.toString('latin1');
  if (begin === XML) return 'openemr-atna';
  return XML.startsWith(begin) ? 'undecided' : 'line';
}

function isCount(octet: number): boolean {
  return octet >= 0x31 && octet <= 0x39;
}

function withoutCr(line: Buffer): Buffer {
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}
