/** DER written as BER, the way that older tools stream it: every length told at the end, every string in pieces. */
import { childrenOf, type Der, readDer } from '../../src/pki/asn1/read.js';

const PIECE = 100;
const END = Buffer.of(0, 0);

/** What is signed is left alone: certificates are DER wherever they lie. */
export function berOf(bytes: Buffer): Buffer {
  return open(readDer(bytes));
}

function open(value: Der): Buffer {
  const { tag, content, raw } = value;
  if (isCertificate(value)) return raw;
  if (tag === 0x04 || tag === 0x80) {
    const pieces = inPieces(content).map((piece) => definite(0x04, piece));
    return indefinite(tag | 0x20, pieces);
  }
  return (tag & 0x20) === 0 ? raw : indefinite(tag, childrenOf(value).map(open));
}

/** `SEQUENCE { SEQUENCE { [0] { … } …` : what is signed must not change. */
function isCertificate({ tag, content }: Der): boolean {
  return tag === 0x30 && content[0] === 0x30 && readFirstTag(content) === 0xa0;
}

function readFirstTag(content: Buffer): number | undefined {
  const length = content[1]!;
  return content[2 + (length < 0x80 ? 0 : length & 0x7f)];
}

function inPieces(content: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += PIECE) pieces.push(content.subarray(at, at + PIECE));
  return pieces;
}

function definite(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, content.length), content]);
}

function indefinite(tag: number, parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...parts, END]);
}
