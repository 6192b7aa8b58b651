/** `receipt`: when did this line go, to whom, and how well is that proven? */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../../config/load.js';
import type { MessageName } from '../../model/entry.js';
import { type FileOffset, type FoundReceipts, findByOffset, findBySeq } from '../../verify/find-receipt.js';
import type { Receipt } from '../../verify/receipt.js';
import { readReceipts } from '../../verify/receipt-reader.js';
import { receiptsDirectory } from '../../verify/receipts.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { messageName } from './identify.js';
import { stretchesText } from './words.js';

interface ReceiptOptions {
  readonly file?: string;
  readonly offset?: number;
  readonly tail?: string;
  readonly seq?: MessageName;
  readonly receipts?: string;
  readonly json: boolean;
}

const HELP = `
A file is named by the path under which it was read, also when it has been
rotated since. A stored message names itself: run="…" seq="…" id="TAIL:OFFSET".

Exit status: 0 acknowledged, 1 no receipt, 2 wrong usage or configuration.`;

export function receiptCommand(io: Io): Command {
  return new Command('receipt')
    .description('when a line went, to whom, and how well that is proven')
    .option('--file <path>', 'the audit file')
    .option('--offset <byte>', 'where in it, counted from 0', byteOffset)
    .option('--tail <id>', 'only the file of this id, where several had the path one after another')
    .option('--seq <run:n>', 'the message, instead of file and offset', sequence)
    .option('--receipts <dir>', 'where the receipts are (default: beside the journal)')
    .option('--json', 'print the receipts as JSON', false)
    .addHelpText('after', HELP)
    .action((options: ReceiptOptions, command: Command) => receipt(io, options, command));
}

async function receipt(io: Io, options: ReceiptOptions, command: Command): Promise<void> {
  const wanted = wantedOf(options);
  const directory = await findReceipts(io, options.receipts, configFileOf(command));
  let damaged = 0;
  const read = () => readReceipts(directory, () => damaged++);
  const answer = wanted.by === 'seq' ? await findBySeq(read(), wanted.name) : await findByOffset(read, wanted);
  if (options.json)
    io.stdout.write(`${JSON.stringify({ acknowledged: answer.found.length > 0, ...answer }, undefined, 2)}\n`);
  else io.stdout.write(answerText(wanted, answer));
  if (damaged > 0)
    io.stderr.write('some lines of the receipts cannot be read, as a crash leaves one; they were passed over\n');
  if (answer.found.length === 0) io.setExitStatus(1);
}

type Wanted = { readonly by: 'seq'; readonly name: MessageName } | ({ readonly by: 'file' } & FileOffset);

function wantedOf({ file, offset, tail, seq }: ReceiptOptions): Wanted {
  const placed = file !== undefined && offset !== undefined;
  if (seq !== undefined && file === undefined && offset === undefined) return { by: 'seq', name: seq };
  if (seq === undefined && placed) return { by: 'file', path: resolve(file), offset, tail };
  throw new UsageError('receipt needs --file and --offset, or --seq', {
    hint: 'for example: receipt --file /var/log/openemr-audit/main.log --offset 4096',
  });
}

function answerText(wanted: Wanted, { found, since, until, reached }: FoundReceipts): string {
  if (found.length > 0) return found.map((each) => foundText(wanted, each)).join('');
  if (since === undefined) return 'no receipt: none is kept here, nothing has been acknowledged yet\n';
  const kept = `receipts are kept since ${since}`;
  const [what, place, unit] =
    wanted.by === 'seq'
      ? [`run ${wanted.name.run}`, wanted.name.seq, 'message']
      : [`the file ${wanted.path}`, wanted.offset, 'byte'];
  if (reached === undefined) return `no receipt names ${what}; ${kept}\n`;
  if (place < reached.at) return `no receipt, though later ones of ${what} are there; ${kept}\n`;
  const others = reached.time === until ? '' : `; those after that, up to ${until}, name others`;
  return `not acknowledged yet: the receipts of ${what} go up to ${unit} ${reached.at}, ${reached.time}${others}\n`;
}

function foundText(wanted: Wanted, { time, collector, address, fingerprint, level, ...rest }: Receipt): string {
  const { messages, stretches, sha256, tails } = rest;
  const files = tails
    .filter(({ from, to }) => from < to)
    .map(({ tail, path, from, to }) => `  read from ${path}, bytes ${from} to ${to} (id ${tail})\n`);
  return [
    `acknowledged ${time} by ${collector} at ${address}\n`,
    `  level ${level}: ${LEVEL_WORDS[level]}\n`,
    `  certificate ${fingerprint}\n`,
    `  one of ${messages}: ${stretchesText(stretches)}\n`,
    `  SHA-256 of their frames ${sha256}\n`,
    ...(wanted.by === 'file' ? files : []),
  ].join('');
}

const LEVEL_WORDS: Readonly<Record<Receipt['level'], string>> = {
  'close-notify': 'it answered our close_notify, so its process had read all that was sent before',
  fin: 'it closed the connection in order after our close_notify, without one of its own',
  window: 'its host took all octets and the connection lasted, but it has never answered: not proven',
};

function byteOffset(text: string): number {
  const offset = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(offset))
    throw new InvalidArgumentError('A number of bytes is expected.');
  return offset;
}

function sequence(text: string): MessageName {
  const name = messageName(text);
  if (name === undefined)
    throw new InvalidArgumentError('RUN:N is expected, a run of 16 hexadecimal digits and a number.');
  return name;
}

/* Where the receipts are that a command is to read: as told, or as the configuration says. */

/** `told` is what stands behind `--receipts`; `undefined`: beside the journal that `configFile` names. */
export async function findReceipts(io: Io, told: string | undefined, configFile: string): Promise<string> {
  if (told === undefined) return receiptsDirectory((await loadConfig(configFile, io.env)).journal.directory);
  const state = await stat(told).catch(() => undefined);
  if (state?.isFile()) {
    throw new UsageError(`--receipts takes a directory, and ${told} is a file`, {
      hint: 'for the receipts beside the journal put --receipts behind the files; else name their directory: --receipts DIR',
    });
  }
  return told;
}
