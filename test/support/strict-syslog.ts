/**
 * A second opinion on RFC 5424: reads one message octet by octet, by the ABNF
 * of section 6 and nothing else. It shares no code with the product's reader,
 * which is a matter of regular expressions.
 */
export interface StrictMessage {
  readonly priority: number;
  /** TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID as they stand there. */
  readonly header: readonly string[];
  readonly elements: ReadonlyMap<string, readonly (readonly [name: string, value: string])[]>;
  /** Without the byte order mark; `undefined`: there is none. */
  readonly msg: Buffer | undefined;
}

const FIELD_MAX = [32, 255, 48, 128, 32];
const TIMESTAMP = /^\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/;

/** Throws for anything else. */
export function readStrictly(bytes: Buffer): StrictMessage {
  const reader = new Reader(bytes);
  reader.expect('<');
  const priority = reader.digits(3);
  reader.expect('>');
  reader.expect('1');
  const header = FIELD_MAX.map((most) => {
    reader.expect(' ');
    return reader.printable(most);
  });
  if (header[0] !== '-' && !TIMESTAMP.test(header[0]!)) throw reader.fault('a TIMESTAMP');
  if (priority > 191) throw reader.fault('a PRIVAL');
  reader.expect(' ');
  const elements = reader.structuredData();
  if (reader.atEnd) return { priority, header, elements, msg: undefined };
  reader.expect(' ');
  return { priority, header, elements, msg: reader.msg() };
}

class Reader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  fault(wanted: string): Error {
    return new Error(`octet ${this.#at}: expected ${wanted}`);
  }

  expect(character: string): void {
    if (!this.#taken(character)) throw this.fault(JSON.stringify(character));
  }

  digits(most: number): number {
    const start = this.#at;
    while (this.#now >= 0x30 && this.#now <= 0x39) this.#at += 1;
    const text = this.bytes.toString('latin1', start, this.#at);
    if (text === '' || text.length > most || (text.length > 1 && text.startsWith('0'))) throw this.fault('a number');
    return Number(text);
  }

  printable(most: number, but = ''): string {
    const start = this.#at;
    while (this.#now > 0x20 && this.#now < 0x7f && !but.includes(String.fromCharCode(this.#now))) this.#at += 1;
    const length = this.#at - start;
    if (length === 0 || length > most) throw this.fault(`1 to ${most} printable characters`);
    return this.bytes.toString('latin1', start, this.#at);
  }

  structuredData(): Map<string, [string, string][]> {
    const elements = new Map<string, [string, string][]>();
    if (this.#taken('-')) return elements;
    do {
      this.expect('[');
      const id = this.printable(32, '= ]"');
      if (elements.has(id)) throw this.fault('each SD-ID once');
      const params: [string, string][] = [];
      while (this.#taken(' ')) {
        const name = this.printable(32, '= ]"');
        this.expect('=');
        this.expect('"');
        params.push([name, this.#value()]);
      }
      this.expect(']');
      elements.set(id, params);
    } while (this.#now === 0x5b);
    return elements;
  }

  msg(): Buffer {
    const msg = this.bytes.subarray(this.#at);
    if (msg[0] !== 0xef || msg[1] !== 0xbb || msg[2] !== 0xbf) return msg;
    new TextDecoder('utf-8', { fatal: true }).decode(msg);
    return msg.subarray(3);
  }

  #value(): string {
    const octets: number[] = [];
    while (!this.#taken('"')) {
      if (this.atEnd || this.#now === 0x5d) throw this.fault('an escaped value');
      if (this.#taken('\\') && ![0x22, 0x5c, 0x5d].includes(this.#now)) octets.push(0x5c);
      octets.push(this.#now);
      this.#at += 1;
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(octets));
  }

  get #now(): number {
    return this.bytes[this.#at] ?? -1;
  }

  #taken(character: string): boolean {
    if (this.#now !== character.charCodeAt(0)) return false;
    this.#at += 1;
    return true;
  }
}
