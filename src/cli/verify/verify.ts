/** `verify FILE…` checks that what a collector stored is complete, by the numbers of the messages and by the receipts. */
import type { X509Certificate } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { readSize } from '../../config/quantity.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import { type Files, systemFiles } from '../../lib/files.js';
import { distrustBy } from '../../seal/trust.js';
import type { Beginning } from '../../verify/chain.js';
import { examine } from '../../verify/examine.js';
import { readReceipts } from '../../verify/receipt.js';
import { readCertificates } from '../cert/files.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { sizeText } from '../voice.js';
import { identify, messageName } from './identify.js';
import { findReceipts } from './receipt.js';
import { receiptLines, sealLines, storeLines, verdictLines } from './words.js';

interface VerifyOptions {
  readonly receipts?: true | readonly string[];
  readonly fromRun: readonly Beginning[];
  readonly trust?: string;
  readonly memory: number;
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
    .option(
      '--receipts [dir]',
      'compare with the receipts too (default: those beside the journal); give it once for each agent',
      (dir: string, others: readonly string[] | true | undefined) => [...(Array.isArray(others) ? others : []), dir],
    )
    .option('--trust <ca.pem>', 'check the seals too, by the authority that you trust to have certified the agent')
    .option('--from-run <run[:seq]>', 'the store begins here; give it once for each agent', beginning, [])
    .option(
      '--memory <size>',
      'memory for what is not stored in order; with less the files are read more often',
      size,
      DEFAULT_MEMORY,
    )
    .option('--json', 'print the findings as JSON', false)
    .addHelpText('after', HELP)
    .action((files: string[], options: VerifyOptions, command: Command) => verify(io, clock, files, options, command));
}

async function verify(io: Io, clock: Clock, files: string[], options: VerifyOptions, command: Command): Promise<void> {
  const { receipts, fromRun, trust, memory, json } = options;
  const distrust = trust === undefined ? undefined : distrustBy(await anchorsIn(trust));
  const stores = await sized(files, systemFiles);
  const directories = receipts === undefined ? [] : await directoriesOf(io, receipts, configFileOf(command));
  const progress = new Progress(io, total(stores), clock);
  const examined = await examine({
    paths: stores.map(({ file }) => file),
    files: systemFiles,
    identify,
    beginnings: fromRun,
    ...(receipts !== undefined && { receipts: (onDamaged) => readAll(directories, onDamaged) }),
    ...(distrust && { distrust }),
    memoryBytes: memory,
    signal: io.signal,
    progress: (bytes, pass) => progress.reach(bytes, pass),
  }).finally(() => progress.end());
  const { findings, receipts: held, seals, objections } = examined;
  if (json) {
    const result = { complete: objections.length === 0, objections, ...findings, receipts: held, seals };
    io.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  } else {
    const acknowledged = held === undefined ? [] : receiptLines(held);
    const lines = [
      ...storeLines(findings, clock.nowMs()),
      ...acknowledged,
      ...(seals === undefined ? [] : sealLines(seals)),
      '',
    ];
    lines.push(...verdictLines(findings, objections, seals));
    io.stdout.write(`${lines.join('\n')}\n`);
  }
  if (objections.length > 0) io.setExitStatus(1);
}

async function directoriesOf(io: Io, receipts: true | readonly string[], configFile: string): Promise<string[]> {
  if (receipts === true) return [await findReceipts(io, undefined, configFile)];
  return Promise.all(receipts.map((directory) => findReceipts(io, directory, configFile)));
}

async function* readAll(directories: readonly string[], onDamaged: Parameters<typeof readReceipts>[1]) {
  for (const directory of directories) yield* readReceipts(directory, onDamaged);
}

async function anchorsIn(path: string): Promise<X509Certificate[]> {
  try {
    return await readCertificates(path);
  } catch (cause) {
    if (!(cause instanceof AgentError)) throw cause;
    const hint = 'give the certificate of the authority, as cert ca or your exchange gave it to you';
    throw new UsageError(`--trust: ${cause.message}`, { cause, hint });
  }
}

const DEFAULT_MEMORY = 256 * 2 ** 20;
const LEAST_MEMORY = 16 * 2 ** 20;

function size(text: string): number {
  const bytes = readSize(text);
  if (bytes === undefined || bytes < LEAST_MEMORY)
    throw new InvalidArgumentError('A size of at least 16MiB is expected, such as 256MiB or 2GiB.');
  return bytes;
}

interface Store {
  readonly file: string;
  readonly bytes: number;
}

/** A file that is named twice is read once: else all of it would look repeated. */
async function sized(files: readonly string[], disk: Files): Promise<Store[]> {
  const stores = new Map<string, Store>();
  for (const file of files) {
    try {
      const state = await disk.stat(file);
      if (!state.isFile) throw new Error('it is not a file');
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

  /** `bytes` are done, of all, in this pass. */
  reach(bytes: number, pass: number): void {
    if (!this.io.isTerminal) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#drawnAtMs < EVERY_MS) return;
    this.#drawnAtMs = nowMs;
    this.io.stderr.write(`\r${this.#line(bytes, nowMs - this.#startedAtMs, pass)}\u001b[K`);
  }

  end(): void {
    if (this.io.isTerminal && this.#drawnAtMs > Number.NEGATIVE_INFINITY) this.io.stderr.write('\r\u001b[K');
  }

  #line(bytes: number, elapsedMs: number, pass: number): string {
    // A file may grow while it is read.
    const share = Math.min(1, this.totalBytes === 0 ? 1 : bytes / this.totalBytes);
    const full = Math.floor(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const done = (pass - 1) * this.totalBytes + bytes;
    const speed = elapsedMs < 1 ? '' : `, ${sizeText((1000 * done) / elapsedMs)}/s`;
    const again = pass === 1 ? '' : `, pass ${pass}`;
    return `${bar} ${Math.floor(100 * share)} % of ${sizeText(this.totalBytes)}${speed}${again}`;
  }
}
