/** The two ways in which `listen` speaks: words for a person, or JSON, an object a line, for a program. */
import type { Client } from '../../collector/client.js';
import type { Address, Refusal } from '../../collector/collector.js';
import type { Ending, Tally } from '../../collector/connection.js';
import type { Framing } from '../../collector/framing.js';
import type { Io } from '../io.js';
import { plural, sizeText } from '../voice.js';
import { lineOf } from './message-file.js';
import { connectionLines, endLines, framingLines, refusalLines } from './words.js';

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
  ended(client: Client, ending: Ending, tally: Tally): void;
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
    ended: (client, ending, tally) => say(endLines(client, ending, tally)),
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
    ended: ({ number }, ending, tally) => void say('ended', { number, ending, ...tally }),
    summary: (summary) => void say('summary', summary),
  };
}

/** As text when it is UTF-8, else in base64: a message is octets. */
function textOf(message: Buffer): { text: string } | { base64: string } {
  const text = message.toString('utf8');
  return Buffer.from(text, 'utf8').equals(message) ? { text } : { base64: message.toString('base64') };
}
