/** What `listen` says of clients to a person: who they are, as `openssl s_server` shows it, how they frame, how they end. */
import type { Client } from '../../collector/client.js';
import type { Refusal } from '../../collector/collector.js';
import type { Ending, Tally } from '../../collector/connection.js';
import type { Framing } from '../../collector/framing.js';
import { reasonOf } from '../../lib/errors.js';
import { countText, plural, sizeText } from '../voice.js';

const FRAMING: Readonly<Record<Framing, string>> = {
  'octet-counted': 'octet-counted frames (RFC 5425)',
  lines: 'lines, without RFC 5425 frames',
  'openemr-atna': 'a header and XML without any frame, as OpenEMR’s own ATNA sender does; one message a connection',
};

export function connectionLines(client: Client): string[] {
  const { address, protocol, cipher } = client;
  return numbered(client, [`${address} connected: ${protocol}, ${cipher}`, ...chainLines(client), resultLine(client)]);
}

export function refusalLines({ address, reason, code, client }: Refusal, caFile: string): string[] {
  const said = `${address} refused: ${reason}${code === '' ? '' : ` (${code})`}`;
  if (client === undefined) return [said];
  return numbered(client, [said, ...chainLines(client), `authorities are read from ${caFile}`]);
}

export function framingLines(client: Client, framing: Framing): string[] {
  return numbered(client, [`sends ${FRAMING[framing]}`]);
}

export function endLines(client: Client, ending: Ending, { messages, bytes }: Tally): string[] {
  return numbered(client, [`${endingText(ending)}; ${plural(messages, 'message')}, ${sizeText(bytes)}`]);
}

function endingText(ending: Ending): string {
  switch (ending.name) {
    case 'closed':
      return 'ended';
    case 'cut-short':
      return `ended inside a frame, ${countText(ending.bytes)} octets of it are dropped`;
    case 'malformed':
      return `ended by us: what it sent is no message: ${ending.reason}`;
    case 'lost':
      // Old clients do: they close at once, and the session tickets of TLS 1.3 meet a closed socket.
      return `hung up without waiting for our answer (${ending.reason})`;
    case 'not-taken':
      return `ended by us without an answer: ${reasonOf(ending.cause)}`;
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
