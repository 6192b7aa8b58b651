/** `receipt` says when a line was delivered, to which collector, and how strong the proof is. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../../config/load.js';
import type { MessageName } from '../../model/entry.js';
import { type FileOffset, type FoundReceipts, findByOffset, findBySeq } from '../../verify/find-receipt.js';
import { type Receipt, readReceipts } from '../../verify/receipt.js';
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
Name a file by the path under which the agent read it, even if it has been
rotated since. A stored message carries run="…" seq="…" id="TAIL:OFFSET".

Exit status: 0 acknowledged, 1 no receipt, 2 wrong usage or configuration.`;

export function receiptCommand(io: Io): Command {
  return new Command('receipt')
    .description('when a line was delivered, to which collector, and how strong the proof is')
    .option('--file <path>', 'the audit file')
    .option('--offset <byte>', 'byte offset of the line, from 0', byteOffset)
    .option('--tail <id>', 'only the file with this id, if several files had this path')
    .option('--seq <run:n>', 'the message, by run and number, instead of file and offset', sequence)
    .option('--receipts <dir>', 'directory of the receipts (default: beside the journal)')
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
  if (damaged > 0) io.stderr.write('some lines of the receipts are unreadable (a crash leaves one) and were skipped\n');
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
  if (since === undefined) return 'no receipt: nothing has been acknowledged yet\n';
  const kept = `the oldest receipt is from ${since}`;
  const [what, place, unit] =
    wanted.by === 'seq'
      ? [`run ${wanted.name.run}`, wanted.name.seq, 'message']
      : [`the file ${wanted.path}`, wanted.offset, 'byte'];
  if (reached === undefined) return `no receipt names ${what}; ${kept}\n`;
  if (place < reached.at) return `no receipt, but there are later ones of ${what}; ${kept}\n`;
  const others = reached.time === until ? '' : `; newer receipts, up to ${until}, are for others`;
  return `not acknowledged yet: the receipts of ${what} end at ${unit} ${reached.at}, ${reached.time}${others}\n`;
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
    `  one of ${messages} messages: ${stretchesText(stretches)}\n`,
    `  SHA-256 of their frames ${sha256}\n`,
    ...(wanted.by === 'file' ? files : []),
  ].join('');
}

const LEVEL_WORDS: Readonly<Record<Receipt['level'], string>> = {
  'close-notify': 'it answered our close_notify, so it had read everything sent before',
  fin: 'it closed the connection in order after our close_notify, without sending one itself',
  window: 'its kernel received all bytes, but it never answers: not proven',
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
    throw new UsageError(`--receipts takes a directory, but ${told} is a file`, {
      hint: 'for the receipts beside the journal put --receipts after the files; otherwise give their directory: --receipts DIR',
    });
  }
  return told;
}
