/**
 * Decides which rows are sent, by `event=…`, `category=…` and `user=…`, with `*` for
 * any text: those that match one of `include`, or all when there is none, except
 * those that match one of `exclude`. Case does not matter. A line that is not a row
 * is never left out, nor is what the exporter says of the trail itself.
 */
import { isAboutRows, type Row, textOf } from './row.js';

export interface FilterOptions {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export class Filter {
  readonly #include: readonly Matcher[];
  readonly #exclude: readonly Matcher[];

  constructor({ include, exclude }: FilterOptions) {
    this.#include = include.map(matcherOf);
    this.#exclude = exclude.map(matcherOf);
  }

  leavesOut(row: Row): boolean {
    if (this.#include.length + this.#exclude.length === 0 || isAboutRows(row)) return false;
    const matches = ({ column, pattern }: Matcher) => pattern.test(textOf(row[column]));
    return (this.#include.length > 0 && !this.#include.some(matches)) || this.#exclude.some(matches);
  }
}

interface Matcher {
  readonly column: 'event' | 'category' | 'user';
  readonly pattern: RegExp;
}

function matcherOf(filter: string): Matcher {
  const equals = filter.indexOf('=');
  const column = filter.slice(0, equals) as Matcher['column'];
  const parts = filter.slice(equals + 1).split('*');
  const pattern = new RegExp(`^${parts.map(literal).join('.*')}$`, 'isu');
  return { column, pattern };
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, (character) => (character === '-' ? '\\x2d' : `\\${character}`));
}
