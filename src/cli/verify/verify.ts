/** `verify FILE…` checks that what a collector stored is complete, by the numbers of the messages and by the receipts. */
import { access, constants, stat } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type Clock, systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import { Unframer } from '../../syslog/rfc5425.js';
import type { Beginning } from '../../verify/chain.js';
import { Completeness } from '../../verify/completeness.js';
import { ReceiptCheck } from '../../verify/receipt-check.js';
import { readReceipts } from '../../verify/receipt-reader.js';
import { readStore } from '../../verify/store.js';
import { objections } from '../../verify/verdict.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { sizeText } from '../voice.js';
import { identify, messageName } from './identify.js';
import { findReceipts } from './receipt.js';
import { receiptLines, storeLines, verdictLines } from './words.js';

interface VerifyOptions {
  readonly receipts?: string | true;
  readonly fromRun: readonly Beginning[];
  readonly json: boolean;
}

const HELP = `
A file holds one message per line, as listen --output or rsyslog's %rawmsg%
write it, or RFC 5425 frames as received; gzipped or not, in any order.

Exit status: 0 complete, 1 not complete, 2 wrong usage or configuration.`;

export function verifyCommand(io: Io, clock: Clock = systemClock): Command {
  return new Command('verify')
    .description('check that what a collector stored is complete')
    .argument('<file...>', 'what the collector stored')
    .option('--receipts [dir]', 'compare with the receipts too (default: those beside the journal)')
    .option('--from-run <run[:seq]>', 'the store begins here; give it once for each agent', beginning, [])
    .option('--json', 'print the findings as JSON', false)
    .addHelpText('after', HELP)
    .action((files: string[], options: VerifyOptions, command: Command) => verify(io, clock, files, options, command));
}

async function verify(io: Io, clock: Clock, files: string[], options: VerifyOptions, command: Command): Promise<void> {
  const { receipts, fromRun, json } = options;
  const stores = await sized(files);
  const check =
    receipts === undefined
      ? undefined
      : await openReceipts(
          await findReceipts(io, receipts === true ? undefined : receipts, configFileOf(command)),
          fromRun,
        );
  const completeness = new Completeness(identify);
  await readAll(io, clock, stores, completeness, check);

  const findings = completeness.finish(fromRun);
  const held = await check?.finish((run, first, last) => completeness.missingOf(run, first, last));
  const against = objections(findings, held);
  if (json) {
    const result = { complete: against.length === 0, objections: against, ...findings, receipts: held };
    io.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  } else {
    const acknowledged = held === undefined ? [] : receiptLines(held);
    const lines = [...storeLines(findings, clock.nowMs()), ...acknowledged, '', ...verdictLines(findings, against)];
    io.stdout.write(`${lines.join('\n')}\n`);
  }
  if (against.length > 0) io.setExitStatus(1);
}

function openReceipts(directory: string, fromRun: readonly Beginning[]): Promise<ReceiptCheck> {
  return ReceiptCheck.open((onDamaged) => readReceipts(directory, onDamaged), fromRun);
}

async function readAll(
  io: Io,
  clock: Clock,
  stores: readonly Store[],
  completeness: Completeness,
  check: ReceiptCheck | undefined,
): Promise<void> {
  const progress = new Progress(io, total(stores), clock);
  let before = 0;
  try {
    for (const { file, bytes } of stores) {
      completeness.nextFile(file);
      const store = readStore(file, {
        unframe: (maxMessageBytes) => new Unframer({ maxMessageBytes }),
        onRead: (read) => progress.reach(before + read),
        onBroken: (reason, offset) => completeness.broken(reason, offset),
      });
      for await (const messages of store) {
        if (io.signal.aborted) throw new AgentError('interrupted', 'stopped before everything was read: no verdict');
        for (const message of messages) completeness.take(message, (name, whole) => check?.take(name, whole));
      }
      before += bytes;
    }
  } finally {
    progress.end();
  }
}

interface Store {
  readonly file: string;
  readonly bytes: number;
}

/** A file that is named twice is read once: else all of it would look repeated. */
async function sized(files: readonly string[]): Promise<Store[]> {
  const stores = new Map<string, Store>();
  for (const file of files) {
    try {
      const state = await stat(file);
      if (!state.isFile()) throw new Error('it is not a file');
      await access(file, constants.R_OK);
      stores.set(`${state.dev}:${state.ino}`, { file, bytes: state.size });
    } catch (cause) {
      const reason = systemCode(cause) === 'ENOENT' ? 'there is no such file' : reasonOf(cause);
      throw new UsageError(`cannot read ${file}: ${reason}`, {
        cause,
        hint: 'name the files that the collector writes',
      });
    }
  }
  return [...stores.values()];
}

function total(stores: readonly Store[]): number {
  return stores.reduce((sum, { bytes }) => sum + bytes, 0);
}

function beginning(text: string, others: readonly Beginning[]): Beginning[] {
  const name = messageName(text.includes(':') ? text : `${text}:1`);
  if (name === undefined) {
    throw new InvalidArgumentError('A run of 16 hexadecimal digits is expected, or RUN:SEQ.');
  }
  return [...others, { run: name.run, seq: text.includes(':') ? name.seq : undefined }];
}

/* A bar for a work of known size, on a terminal only; a few times a second, on one line that goes away at the end. */

const EVERY_MS = 100;
const WIDTH = 30;

class Progress {
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  readonly #startedAtMs: number;

  constructor(
    private readonly io: Pick<Io, 'stderr' | 'isTerminal'>,
    private readonly totalBytes: number,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {
    this.#startedAtMs = clock.monotonicMs();
  }

  /** `bytes` are done, of all. */
  reach(bytes: number): void {
    if (!this.io.isTerminal) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#drawnAtMs < EVERY_MS) return;
    this.#drawnAtMs = nowMs;
    this.io.stderr.write(`\r${this.#line(bytes, nowMs - this.#startedAtMs)}\u001b[K`);
  }

  end(): void {
    if (this.io.isTerminal && this.#drawnAtMs > Number.NEGATIVE_INFINITY) this.io.stderr.write('\r\u001b[K');
  }

  #line(bytes: number, elapsedMs: number): string {
    // A file may grow while it is read.
    const share = Math.min(1, this.totalBytes === 0 ? 1 : bytes / this.totalBytes);
    const full = Math.floor(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const speed = elapsedMs < 1 ? '' : `, ${sizeText((1000 * bytes) / elapsedMs)}/s`;
    return `${bar} ${Math.floor(100 * share)} % of ${sizeText(this.totalBytes)}${speed}`;
  }
}
