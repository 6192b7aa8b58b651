/** A table of figures as Markdown, and how figures are written. */
import type { Target } from './targets.js';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** A sentence below it, where a figure needs one. */
  readonly note?: string;
  /** What some of its figures should be. */
  readonly targets?: readonly Target[];
}

export function markdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

/** `126 000`. */
export function whole(number: number): string {
  return Math.round(number).toLocaleString('en').replaceAll(',', ' ');
}

/** Two digits that say something: `126`, `12`, `1.2`, `0.12`. */
export function figure(number: number): string {
  if (!Number.isFinite(number)) return '–';
  const size = Math.abs(number);
  if (size >= 10) return whole(number);
  return number.toFixed(size >= 1 ? 1 : 2);
}

export function megabytes(bytes: number): string {
  return `${whole(bytes / 1e6)} MB`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}

/** The least and the middle one, as `4.1 / 4.6`; less is better in every figure that is shown so. */
export function leastAndMedian(figures: readonly number[]): string {
  return `${figure(Math.min(...figures))} / ${figure(quantile(figures, 0.5))}`;
}

/** The smallest figure that `share` of all do not exceed; NaN when there is none. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
