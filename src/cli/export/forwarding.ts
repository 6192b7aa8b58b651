/**
 * What the agent knows of the files that the export writes: how far it has read
 * them (its state beside the journal), what was acknowledged (its receipts), and
 * which rows its configuration leaves out. Only read; the agent may be running.
 */
import { readdir } from 'node:fs/promises';
import { readStateFile } from '../../agent/state.js';
import { loadConfig } from '../../config/load.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { ByteOffset } from '../../model/position.js';
import { Filter } from '../../openemr/filter.js';
import { Acknowledged } from '../../verify/acknowledged.js';
import { readReceipts } from '../../verify/receipt-reader.js';
import { receiptsDirectory } from '../../verify/receipts.js';

export interface Forwarding {
  readonly filter: Filter;
  /** Of the line from `from` up to and without its newline at `to`. */
  isRead(path: string, to: ByteOffset): boolean;
  isAcknowledged(path: string, from: ByteOffset, to: ByteOffset): boolean;
}

/** Throws AgentError `agent-unknown`, which says why nothing is known. */
export async function readForwarding(configFile: string, env: NodeJS.ProcessEnv): Promise<Forwarding> {
  try {
    const { message, journal } = await loadConfig(configFile, env);
    // Says why it cannot; the state file alone would not.
    await readdir(journal.directory);
    const state = await readStateFile(journal.directory);
    if (state === undefined) throw new Error(`no agent has left its state in ${journal.directory}`);
    const acknowledged = await Acknowledged.read(readReceipts(receiptsDirectory(journal.directory), () => undefined));
    const files = new Map(state.files.map((file) => [file.path, file]));
    return {
      filter: new Filter(message),
      isRead: (path, to) => to <= (files.get(path)?.offset ?? 0),
      isAcknowledged: (path, from, to) => {
        const tail = files.get(path)?.tailId;
        return tail !== undefined && acknowledged.covers(tail, from, to);
      },
    };
  } catch (cause) {
    throw new AgentError(
      'agent-unknown',
      `what the agent has read and had acknowledged is not known: ${reasonOf(cause)}`,
      {
        cause,
        hint: 'run this as root where the agent runs, with --agent FILE if its configuration is another file; --without-agent compares database and files alone',
      },
    );
  }
}
