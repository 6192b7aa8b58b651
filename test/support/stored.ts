/** Messages as a collector stores them, written out by hand, and the files that hold them. */
import { createHash } from 'node:crypto';
import { identify } from '../../src/cli/verify/identify.js';
import type { Files } from '../../src/lib/files.js';
import { type Examined, type ExamineOptions, examine } from '../../src/verify/examine.js';
import type { Receipt } from '../../src/verify/receipt.js';

export interface Stored {
  readonly follows?: string;
  readonly msg?: string;
  readonly time?: string;
  readonly host?: string;
}

/** A run's id that is easy to tell from others: `runId(1)` is `0000000000000001`. */
export function runId(number: number): string {
  return number.toString(16).padStart(16, '0');
}

/** A line of an audit file, as the agent sends it. */
export function auditMessage(run: string, seq: number, { follows, msg, time, host }: Stored = {}): Buffer {
  const chain = follows === undefined ? '' : ` follows="${follows}"`;
  return Buffer.from(
    `<85>1 ${time ?? '2026-11-23T09:00:00-05:00'} ${host ?? 'emr.clinic.example'} openemr - patient-record-select ` +
      `[meta sequenceId="${seq}"][audit@32473 run="${run}" seq="${seq}" id="00000000000000aa:${100 * seq}" ` +
      `source="main"${chain}] ${msg ?? `line ${seq}`}`,
    'latin1',
  );
}

/** The agent's own message; `fields` as they stand in it, ` reason="…"`. */
export function ownMessage(
  run: string,
  seq: number,
  kind: string,
  fields = '',
  { follows, time, host }: Stored = {},
): Buffer {
  const chain = follows === undefined ? '' : ` follows="${follows}"`;
  return Buffer.from(
    `<85>1 ${time ?? '2026-11-23T09:00:00.000Z'} ${host ?? 'emr.clinic.example'} openemr-audit-forwarder - OAF ` +
      `[meta sequenceId="${seq}"][agent@32473 kind="${kind}" run="${run}" seq="${seq}"${chain}${fields}]`,
    'latin1',
  );
}

/** Seqs `first` to `last` of a run. */
export function auditMessages(run: string, first: number, last: number): Buffer[] {
  return Array.from({ length: last - first + 1 }, (_, index) => auditMessage(run, first + index));
}

export function asLines(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [message, Buffer.from('\n')]));
}

export function asFrames(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
}

/** The receipt of an epoch of these messages, which are `stretches` in this order. */
export function receiptOf(messages: readonly Buffer[], given: Partial<Receipt> & Pick<Receipt, 'stretches'>): Receipt {
  return {
    time: '2026-11-23T10:00:00.000Z',
    collector: 'hie.example.org:6514',
    address: '192.0.2.7',
    fingerprint: 'sha-256:AB:CD',
    level: 'close-notify',
    messages: messages.length,
    sha256: createHash('sha256').update(asFrames(messages)).digest('hex'),
    tails: [],
    ...given,
  };
}

/** `verify` of files with this content, called `file 0` and on, from memory. */
export function examineFiles(contents: readonly Buffer[], given: Partial<ExamineOptions> = {}): Promise<Examined> {
  const paths = contents.map((_, index) => `file ${index}`);
  const open: Files['open'] = async (path) => ({ ...UNUSED, ...readOf(contents[paths.indexOf(path)]!) });
  return examine({
    paths,
    files: { open } as Files,
    identify,
    beginnings: [],
    memoryBytes: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...given,
  });
}

const UNUSED = {} as Awaited<ReturnType<Files['open']>>;

function readOf(content: Buffer) {
  const read = async (into: Buffer, position: number) => content.copy(into, 0, Math.min(position, content.length));
  return { read, close: async () => undefined };
}
