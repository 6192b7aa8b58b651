/** Reads a directory of receipts as a stream, the oldest month first; never a whole month in memory. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import { type CutLine, LineSplitter } from './line-splitter.js';
import { parseReceipt, type Receipt } from './receipt.js';
import { monthEndMs } from './receipts.js';

/** A line that is no receipt: a crash cuts one short, nothing else of ours does. */
export interface DamagedReceipt {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** An epoch that touched a thousand files makes one of some 100 KB. */
const MAX_RECEIPT_BYTES = 16 * 1024 * 1024;

/** Throws AgentError `receipts-unreadable` when the directory, or a month in it, cannot be read. */
export async function* readReceipts(
  directory: string,
  onDamaged: (damaged: DamagedReceipt) => void,
): AsyncGenerator<Receipt, void, undefined> {
  try {
    const months = (await readdir(directory)).filter((name) => monthEndMs(name) !== undefined).sort();
    for (const month of months) yield* readMonth(join(directory, month), onDamaged);
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

async function* readMonth(file: string, onDamaged: (damaged: DamagedReceipt) => void): AsyncGenerator<Receipt> {
  const splitter = new LineSplitter(MAX_RECEIPT_BYTES);
  let line = 0;
  const read = function* (lines: readonly CutLine[]) {
    for (const { bytes } of lines) {
      line += 1;
      const receipt = parseReceipt(bytes?.toString('utf8') ?? '');
      if (receipt !== undefined) yield receipt;
      else onDamaged({ file, line });
    }
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) yield* read(splitter.feed(chunk));
  yield* read(splitter.end());
}

function unreadable(directory: string, cause: unknown): AgentError {
  const code = systemCode(cause);
  const reason = code === 'ENOENT' ? 'there is no such directory' : reasonOf(cause);
  return new AgentError('receipts-unreadable', `cannot read the receipts in ${directory}: ${reason}`, {
    cause,
    hint:
      code === 'EACCES'
        ? 'only the user that the agent runs as may read them; run this as that user or as root'
        : 'receipts are in the directory receipts beside the journal; give it with --receipts DIR, or the configuration with --config FILE',
  });
}
