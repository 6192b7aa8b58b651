/**
 * Counts the rows of a trail's files by generation and day: how many the agent has
 * read, had acknowledged, filtered, could not parse, or found altered. Files are read
 * line by line; memory holds one line and a few numbers a day.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { readStateFile } from '../../agent/state.js';
import { loadConfig } from '../../config/load.js';
import type { Days } from '../../export/compare/reconcile.js';
import type { Trail } from '../../export/database/audit-tables.js';
import { readLine } from '../../export/file/audit-line.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { ByteOffset } from '../../model/position.js';
import { Filter } from '../../openemr/filter.js';
import { readRow, recordOf } from '../../openemr/parse.js';
import { Acknowledged } from '../../verify/find-receipt.js';
import { LineSplitter } from '../../verify/line-splitter.js';
import { readReceipts } from '../../verify/receipt.js';
import { receiptsDirectory } from '../../verify/receipts.js';

export interface DayCounts {
  read: number;
  /** Without those that are left out. */
  acknowledged: number;
  /** By `include` and `exclude` as they are now. */
  filtered: number;
  /** Lines that are no row, such as a stump that a kill has left; they go out all the same. Counted with the row before. */
  unparsed: number;
  /** Rows whose own checksum, made by OpenEMR, does not fit what they say. */
  altered: number;
}

/** No line of the export's own is nearly as long. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** By `keyOf`. `paths`: the oldest file first. */
export async function countForwarded(
  paths: readonly string[],
  trail: Trail,
  days: Days,
  forwarding: Forwarding,
): Promise<ReadonlyMap<string, DayCounts>> {
  const counts = new Map<string, DayCounts>();
  let last: DayCounts | undefined;
  for (const path of paths) {
    for await (const { bytes, from, to } of linesOf(path)) {
      const line = readLine(trail, bytes);
      if (line?.kind === 'finding') continue;
      if (line === undefined) {
        if (last !== undefined) last.unparsed += 1;
        continue;
      }
      const day = typeof line.cells.date === 'string' ? line.cells.date.slice(0, 10) : '';
      last = undefined;
      if ((days.from !== undefined && day < days.from) || (days.to !== undefined && day > days.to)) continue;
      last = countsIn(counts, keyOf(line.generation, day));
      const parsed = readRow(bytes);
      if ('unparsed' in parsed) continue;
      const isFiltered = forwarding.filter.leavesOut(parsed.row);
      if (forwarding.isRead(path, to)) last.read += 1;
      if (isFiltered) last.filtered += 1;
      else if (forwarding.isAcknowledged(path, from, to)) last.acknowledged += 1;
      if (recordOf(parsed.row).checksum === 'altered') last.altered += 1;
    }
  }
  return counts;
}

export function keyOf(generation: string, day: string): string {
  return `${generation} ${day}`;
}

function countsIn(counts: Map<string, DayCounts>, key: string): DayCounts {
  const there = counts.get(key) ?? { read: 0, acknowledged: 0, filtered: 0, unparsed: 0, altered: 0 };
  counts.set(key, there);
  return there;
}

async function* linesOf(path: string): AsyncGenerator<{ bytes: Buffer; from: number; to: number }> {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    for (const { bytes, offset } of splitter.feed(chunk)) {
      if (bytes !== undefined) yield { bytes, from: offset, to: offset + bytes.length };
    }
  }
}

/*
 * What the agent knows of the files that the export writes: how far it has read
 * them (its state beside the journal), what was acknowledged (its receipts), and
 * which rows its configuration leaves out. Only read; the agent may be running.
 */

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
