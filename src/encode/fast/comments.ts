/**
 * Reads the comments of a row where a message shows them: decodes their base64, which
 * must be the one that encoding would give, and writes them as the address of a page.
 */
export class Comments {
  #length = 0;
  #isRead = false;
  /** Where the query begins, -1 without one. */
  #mark = -1;
  isAscii = true;

  /** Another row comes. */
  forget(): void {
    this.#isRead = false;
  }

  get hasQuery(): boolean {
    return this.#mark !== -1;
  }

  /** False: they are no base64, or not as it would be written, or long. */
  read(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isRead) return this.#length !== -1;
    this.#isRead = true;
    this.#length = decoded(bytes, from, to);
    this.#mark = -1;
    this.isAscii = true;
    for (let at = 0; at < this.#length; at++) {
      if (OCTETS[at]! >= 0x80) this.isAscii = false;
      else if (OCTETS[at] === QUESTION && this.#mark === -1) this.#mark = at;
    }
    return this.#length !== -1;
  }

  /** In XML; gives the place behind it, or -1 when it would be written in another way, or takes more than `room`. */
  writePath(out: Buffer, at: number, room: number): number {
    const end = this.#mark === -1 ? this.#length : this.#mark;
    // XML attributes are trimmed; and a query that is empty cannot be told from none.
    if (end === 0 || this.#mark === this.#length - 1 || OCTETS[0] === SPACE || OCTETS[end - 1] === SPACE) return -1;
    if (OCTETS[this.#length - 1] === SPACE) return -1;
    return written(out, at, 0, end, room);
  }

  writeQuery(out: Buffer, at: number, room: number): number {
    return this.#mark === -1 ? at : written(out, at, this.#mark + 1, this.#length, room);
  }
}

const OCTETS = Buffer.alloc(16 * 1024);
const QUESTION = 0x3f;
const HASH = 0x23;
const SPACE = 0x20;
const AMPERSAND = 0x26;
const MARKUP = Buffer.from('"<>');
const AMPERSAND_IN_XML = Buffer.from('&amp;');

function written(out: Buffer, start: number, from: number, to: number, room: number): number {
  let at = start;
  for (let place = from; place < to; place++) {
    const octet = OCTETS[place]!;
    if (octet === HASH || octet < SPACE || octet > 0x7e || MARKUP.includes(octet)) return -1;
    if (at - start + AMPERSAND_IN_XML.length > room) return -1;
    if (octet === AMPERSAND) at += AMPERSAND_IN_XML.copy(out, at);
    else out[at++] = octet;
  }
  return at;
}

const PADDING = 0x3d;
const NO_DIGIT = 0xff;
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const [digit, octet] of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
).entries()) {
  DIGITS[octet] = digit;
}

/** Decodes into OCTETS and gives how many there are; -1 when encoding them would give something else, or they are too many. */
function decoded(bytes: Buffer, from: number, to: number): number {
  if ((to - from) % 4 !== 0 || to - from > OCTETS.length) return -1;
  let length = 0;
  for (let place = from; place < to; place += 4) {
    const isLast = place + 4 === to;
    const pads = isLast && bytes[to - 1] === PADDING ? (bytes[to - 2] === PADDING ? 2 : 1) : 0;
    const first = DIGITS[bytes[place]!]!;
    const second = DIGITS[bytes[place + 1]!]!;
    const third = pads === 2 ? 0 : DIGITS[bytes[place + 2]!]!;
    const fourth = pads > 0 ? 0 : DIGITS[bytes[place + 3]!]!;
    if (first === NO_DIGIT || second === NO_DIGIT || third === NO_DIGIT || fourth === NO_DIGIT) return -1;
    const group = (first << 18) | (second << 12) | (third << 6) | fourth;
    if ((pads === 2 && (second & 15) !== 0) || (pads === 1 && (third & 3) !== 0)) return -1;
    OCTETS[length] = group >> 16;
    OCTETS[length + 1] = (group >> 8) & 0xff;
    OCTETS[length + 2] = group & 0xff;
    length += 3 - pads;
  }
  return length;
}
