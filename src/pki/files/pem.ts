/**
 * Reads and writes PEM (RFC 7468), base64 between labelled lines, as OpenSSL reads it: text
 * around the blocks is skipped, blanks and line ends do not matter. Whatever else is wrong
 * with a block is a fault with its line, so that no block is ever skipped in silence.
 */
import { ContentFault } from './faults.js';

export interface PemBlock {
  /** Such as `CERTIFICATE`, upper case. */
  readonly label: string;
  /** Of the BEGIN line, from 1. */
  readonly line: number;
  /** What the base64 stands for. Throws a ContentFault when it is damaged. */
  readonly der: Buffer;
  /** The block in its plain form, with its header lines (an encrypted key of before PKCS#8 has them). */
  readonly text: string;
}

const BOUNDARY = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----$/;
/** With too few dashes, with dashes of a word processor, or with something behind them. */
const MISSHAPED =
  /^(?:-----(?:BEGIN|END) |[-\u2010-\u2015]+ ?(?:BEGIN|END) .*(?:CERTIFICATE|PRIVATE KEY|PUBLIC KEY|REQUEST|CRL|PKCS7|CMS)\b)/;
const HEADER = /^[A-Za-z0-9-]+:/;

/** Throws a ContentFault for a BEGIN or END line that is misshaped or without the other. */
export function readPem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  let begun: { readonly label: string; readonly line: number } | undefined;
  for (const [index, content] of lines.entries()) {
    const [, which, label = ''] = BOUNDARY.exec(content) ?? [];
    const line = index + 1;
    if (which === undefined) {
      if (MISSHAPED.test(content)) throw ContentFault.at(`line ${line}`, 'pem-boundary');
    } else if (which === 'BEGIN') {
      if (begun !== undefined) throw ContentFault.at(`line ${begun.line}`, 'pem-cut-short', `(BEGIN ${begun.label})`);
      begun = { label, line };
    } else {
      if (begun === undefined) throw ContentFault.at(`line ${line}`, 'pem-no-begin', `(END ${label})`);
      if (begun.label !== label) {
        throw ContentFault.at(`line ${begun.line}`, 'pem-cut-short', `(BEGIN ${begun.label}, then END ${label})`);
      }
      blocks.push(blockOf(begun, lines.slice(begun.line, index)));
      begun = undefined;
    }
  }
  if (begun !== undefined) throw ContentFault.at(`line ${begun.line}`, 'pem-cut-short', `(BEGIN ${begun.label})`);
  return blocks;
}

function blockOf(
  { label, line }: { readonly label: string; readonly line: number },
  lines: readonly string[],
): PemBlock {
  const start = HEADER.test(lines[0] ?? '') ? lines.indexOf('') + 1 || endOfHeaders(lines) : 0;
  const headers = lines.slice(0, start).filter((each) => each !== '');
  const body = lines.slice(start);
  return {
    label,
    line,
    get der() {
      return decoded(body, line + 1 + start);
    },
    text: [
      `-----BEGIN ${label}-----`,
      ...headers,
      ...(headers.length === 0 ? [] : ['']),
      ...body.filter((each) => each !== ''),
      `-----END ${label}-----`,
      '',
    ].join('\n'),
  };
}

/** Where somebody has taken out the blank line behind the headers. */
function endOfHeaders(lines: readonly string[]): number {
  const first = lines.findIndex((each) => !HEADER.test(each));
  return first === -1 ? lines.length : first;
}

/** `first`: the number of the first of these lines. */
function decoded(lines: readonly string[], first: number): Buffer {
  const wrong = lines.findIndex((each) => !/^[A-Za-z0-9+/ \t]*={0,2}$/.test(each));
  if (wrong !== -1) throw ContentFault.at(`line ${first + wrong}`, 'pem-not-base64');
  const base64 = lines.join('').replaceAll(/[ \t]/g, '');
  if (base64.length % 4 !== 0 || /=[^=]/.test(base64)) throw ContentFault.at(`line ${first}`, 'pem-incomplete');
  return Buffer.from(base64, 'base64');
}

export function writePem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
