/** Prints what `listen` sees: as text for a person, or as JSON, one object per line, for a program. */
import type { Client } from '../../collector/client.js';
import type { Address, Refusal } from '../../collector/collector.js';
import type { Ending, Totals } from '../../collector/connection.js';
import type { Framing } from '../../collector/framing.js';
import { reasonOf } from '../../lib/errors.js';
import type { Io } from '../io.js';
import { countText, plural, sizeText } from '../voice.js';
import { lineOf } from './message-file.js';

export interface Summary {
  readonly clients: number;
  readonly refused: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface Speaker {
  listening(address: Address): void;
  connected(client: Client): void;
  refused(refusal: Refusal): void;
  framing(client: Client, framing: Framing): void;
  /** False when the reader is slow: wait for standard output to drain. */
  message(client: Client, message: Buffer): boolean;
  ended(client: Client, ending: Ending, totals: Totals): void;
  summary(summary: Summary): void;
}

export interface SpeakerOptions {
  readonly quiet: boolean;
  readonly ca: string;
  readonly verify: 'require' | 'request' | 'none';
}

const DEMAND = { require: 'required', request: 'asked for', none: 'not asked for' } as const;
const LF = Buffer.from('\n');

/** Messages on standard output, everything else on standard error. */
export function wordSpeaker(io: Io, { quiet, ca, verify }: SpeakerOptions): Speaker {
  const say = (lines: readonly string[]) => void io.stderr.write(lines.map((line) => `${line}\n`).join(''));
  return {
    listening: ({ host, port }) => {
      const authorities = verify === 'none' ? '' : `, authorities from ${ca}`;
      say([`listening on ${host} port ${port}: client certificates ${DEMAND[verify]}${authorities}; end with Ctrl-C`]);
    },
    connected: (client) => say(connectionLines(client)),
    refused: (refusal) => say(refusalLines(refusal, ca)),
    framing: (client, framing) => say(framingLines(client, framing)),
    message: (_, message) => quiet || io.stdout.write(Buffer.concat([lineOf(message), LF])),
    ended: (client, ending, totals) => say(endLines(client, ending, totals)),
    summary: ({ clients, refused, messages, bytes }) =>
      say([
        `${plural(messages, 'message')}, ${sizeText(bytes)}, from ${plural(clients, 'connection')}; ${refused} refused`,
      ]),
  };
}

/** Everything on standard output. */
export function jsonSpeaker(io: Io, { quiet }: SpeakerOptions): Speaker {
  const say = (what: string, facts: object) => io.stdout.write(`${JSON.stringify({ what, ...facts })}\n`);
  return {
    listening: (address) => void say('listening', address),
    connected: (client) => void say('connected', client),
    refused: (refusal) => void say('refused', refusal),
    framing: ({ number }, framing) => void say('framing', { number, framing }),
    message: ({ number }, message) => quiet || say('message', { number, ...textOf(message) }),
    ended: ({ number }, ending, totals) => void say('ended', { number, ending, ...totals }),
    summary: (summary) => void say('summary', summary),
  };
}

/** As text when it is UTF-8, else in base64: a message is octets. */
function textOf(message: Buffer): { text: string } | { base64: string } {
  const text = message.toString('utf8');
  return Buffer.from(text, 'utf8').equals(message) ? { text } : { base64: message.toString('base64') };
}

/* What `listen` says of clients to a person: who they are, as `openssl s_server` shows it, how they frame, how they end. */

const FRAMING: Readonly<Record<Framing, string>> = {
  'octet-counted': 'octet-counted frames (RFC 5425)',
  lines: 'lines, without RFC 5425 frames',
  'openemr-atna': 'a header and XML without any frame, as OpenEMR’s own ATNA sender does; one message a connection',
};

function connectionLines(client: Client): string[] {
  const { address, protocol, cipher } = client;
  return numbered(client, [`${address} connected: ${protocol}, ${cipher}`, ...chainLines(client), resultLine(client)]);
}

function refusalLines({ address, reason, code, client }: Refusal, caFile: string): string[] {
  const said = `${address} refused: ${reason}${code === '' ? '' : ` (${code})`}`;
  if (client === undefined) return [said];
  return numbered(client, [said, ...chainLines(client), `authorities are read from ${caFile}`]);
}

function framingLines(client: Client, framing: Framing): string[] {
  return numbered(client, [`sends ${FRAMING[framing]}`]);
}

function endLines(client: Client, ending: Ending, { messages, bytes }: Totals): string[] {
  return numbered(client, [`${endingText(ending)}; ${plural(messages, 'message')}, ${sizeText(bytes)}`]);
}

function endingText(ending: Ending): string {
  switch (ending.name) {
    case 'closed':
      return 'ended';
    case 'cut-short':
      return `ended inside a frame, ${countText(ending.bytes)} bytes of it are dropped`;
    case 'malformed':
      return `closed by us, because it sent something else than messages: ${ending.reason}`;
    case 'crowded-out':
      return `closed by us, because ${countText(ending.bytes)} bytes of an unfinished message left no room for others`;
    case 'lost':
      // Old clients do: they close at once, and the session tickets of TLS 1.3 meet a closed socket.
      return `hung up without waiting for our answer (${ending.reason})`;
    case 'not-taken':
      return `closed by us without an answer: ${reasonOf(ending.cause)}`;
    default:
      return ending satisfies never;
  }
}

/** From the authority down, as `openssl s_server` prints it. */
function chainLines({ chain }: Client): string[] {
  return chain.toReversed().flatMap(({ depth, subject, issuer, validFrom, validTo, fingerprint, result }) => {
    const first = `depth ${depth}: ${subject} … ${result}`;
    if (depth > 0) return [first];
    const valid = `valid from ${dayOf(validFrom)} to ${dayOf(validTo)}`;
    return [first, `         issued by ${issuer}, ${valid}`, `         ${fingerprint}`];
  });
}

function resultLine({ verdict }: Client): string {
  switch (verdict.name) {
    case 'verified':
      return 'verify result: ok';
    case 'unverified':
      return `verify result: ${verdict.reason} (${verdict.code}); taken all the same, as told by --verify request`;
    case 'no-certificate':
      return 'verify result: it showed no certificate; taken all the same, as told by --verify request';
    case 'not-asked':
      return 'no certificate was asked for, as told by --verify none';
    default:
      return verdict satisfies never;
  }
}

function numbered({ number }: Client, lines: readonly string[]): string[] {
  return lines.map((line) => `[${number}] ${line}`);
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
