/**
 * Reads what a stored message says about itself, from the structured data that the
 * agent writes: `[audit@PEN run="…" seq="…" …]` in front of a line,
 * `[agent@PEN kind="…" run="…" seq="…" …]` in its own messages. Any enterprise number
 * is accepted, since it may have been changed over the years. An audit message of the
 * profile `atna` says the same in an object of its own.
 */
import { OWN_OBJECT_NAME, readOwnObject } from '../../atna/own-object.js';
import type { MessageName } from '../../model/entry.js';
import { type Message, parseMessage } from '../../syslog/rfc5424.js';
import type { SdElement } from '../../syslog/structured-data.js';
import { timestampMs } from '../../syslog/timestamp.js';
import type { Identified, LostNumbers, OwnMessage } from '../../verify/identity.js';

export function identify(message: Buffer): Identified {
  const parsed = parseMessage(message);
  if (!parsed.ok) return { name: 'unreadable', reason: parsed.fault.rule, claims: claimed(message) };
  const { timestamp } = parsed.message;
  const element = ourElement(parsed.message);
  if (element === undefined) return { name: 'foreign' };

  const name = messageName(`${paramOf(element, 'run')}:${paramOf(element, 'seq')}`);
  if (name === undefined) return { name: 'foreign' };
  const follows = messageName(paramOf(element, 'follows') ?? '');
  const own = element.id.startsWith('agent@') ? ownMessage(element, timestamp) : undefined;
  return { name: 'ours', message: name, follows, own };
}

function ourElement({ structuredData, msg }: Message): SdElement | undefined {
  const element = structuredData.find(({ id }) => OURS.test(id));
  const params = element === undefined && msg !== undefined ? readOwnObject(msg) : undefined;
  return params === undefined
    ? element
    : { id: params.some(([name]) => name === 'kind') ? 'agent@' : 'audit@', params };
}

/** `RUN:SEQ`, as it stands in `follows` and on the command line. */
export function messageName(text: string): MessageName | undefined {
  const match = /^([0-9a-f]{16}):([1-9]\d{0,15})$/.exec(text);
  const seq = Number(match?.[2]);
  return match === null || !Number.isSafeInteger(seq) ? undefined : { run: match[1]!, seq };
}

const OURS = /^(?:audit|agent)@\d/;
const CLAIM = /\[(?:audit|agent)@\d[^ \]]* (?:kind="[^"]*" )?run="([0-9a-f]{16})" seq="(\d{1,16})"/;
/** What stands before seq takes less, whatever the host is called. */
const CLAIM_BYTES = 8192;

/** What a message that is no longer RFC 5424 was when it was sent. */
function claimed(message: Buffer): MessageName | undefined {
  const start = message.toString('latin1', 0, CLAIM_BYTES);
  const match = CLAIM.exec(start);
  if (match !== null) return messageName(`${match[1]}:${match[2]}`);
  return messageName(OWN_OBJECT_NAME.exec(start)?.[1] ?? '');
}

function ownMessage(element: SdElement, timestamp: string | undefined): OwnMessage {
  const names = new Set(['run', 'seq', 'follows', 'kind', 'missing']);
  return {
    kind: paramOf(element, 'kind') ?? '',
    timeMs: timestamp === undefined ? undefined : timestampMs(timestamp),
    lost: element.params.flatMap(([name, value]) => (name === 'missing' ? missing(value) : [])),
    facts: Object.fromEntries(element.params.filter(([name, value]) => !names.has(name) && value !== '')),
  };
}

/** `RUN:FIRST-LAST`, or `RUN:FIRST-*` where nobody knows the last. */
function missing(value: string): LostNumbers[] {
  const [start = '', end] = value.split('-');
  const first = messageName(start);
  const last = end === '*' ? undefined : Number(end);
  if (first === undefined || (last !== undefined && !(last >= first.seq))) return [];
  return [{ run: first.run, first: first.seq, last }];
}

function paramOf({ params }: SdElement, wanted: string): string | undefined {
  return params.find(([name]) => name === wanted)?.[1];
}
