/**
 * The rows of a trail's files, counted by generation and day: which of them the
 * agent has read, had acknowledged, left out, could not understand, or found
 * altered. Read line by line; memory for one line and a few numbers a day.
 */
import { createReadStream } from 'node:fs';
import type { Days } from '../../export/compare/reconcile.js';
import type { Trail } from '../../export/database/audit-tables.js';
import { readLine } from '../../export/file/audit-line.js';
import { readRow, recordOf } from '../../openemr/parse.js';
import { LineSplitter } from '../../verify/line-splitter.js';
import type { Forwarding } from './forwarding.js';

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
