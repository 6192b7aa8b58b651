/** Where the receipts are that a command is to read: as told, or as the configuration says. */
import { stat } from 'node:fs/promises';
import { loadConfig } from '../../config/load.js';
import { receiptsDirectory } from '../../verify/receipts.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';

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
