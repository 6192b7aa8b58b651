/** What has become of the lines since the agent started. */
import type { Description, Unsent } from './message-maker.js';

export interface EncoderCounts {
  /** Lines begun, without the empty ones and headings. */
  lines: number;
  messages: number;
  /** Lines that were not understood, rows without a date among them. */
  unparsed: number;
  empty: number;
  /** Messages that hold only a part of their line. */
  parts: number;
  /** Lines that message.include and message.exclude have left out. */
  filtered: number;
  /** Rows that are not what OpenEMR wrote, by their checksum; some may be among those left out. */
  altered: number;
  /** Rows that the exporter found deleted or edited in the database. */
  changed: number;
  /** Lines, or pieces of one, of which no message could be made as their format asks: a fault of the program. */
  faulty: number;
  /** Lines that only name the columns of those after them. */
  headings: number;
}

export function noCounts(): EncoderCounts {
  return {
    lines: 0,
    messages: 0,
    unparsed: 0,
    empty: 0,
    parts: 0,
    filtered: 0,
    altered: 0,
    changed: 0,
    faulty: 0,
    headings: 0,
  };
}

/** A line begins, and this is what became of it. */
export function countLine(counts: EncoderCounts, described: Description | Unsent): void {
  if ('unsent' in described) {
    if (described.unsent === 'heading') {
      counts.headings += 1;
      return;
    }
    counts.filtered += 1;
  } else {
    if (!described.parsed) counts.unparsed += 1;
  }
  counts.lines += 1;
  if (described.tampering === undefined) return;
  if (described.tampering.how === 'altered') counts.altered += 1;
  else counts.changed += 1;
}
