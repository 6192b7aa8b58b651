/** How the schema is written down: keys with their format, default and meaning, in groups and lists of groups. */
import type { FormatName, Limits } from './formats.js';

/** One key; `type` only carries the type of its value. */
export interface Key<T> extends Limits {
  readonly format: FormatName;
  /** As it would stand in the file; `null` when there is none. */
  readonly default: string | readonly string[] | null;
  readonly nullable: boolean;
  /** For administrators; config/config.yaml says the same, word for word. */
  readonly doc: string;
  readonly type?: T;
}

/** A list of groups is written as a tuple of the one that describes each. */
export type Node = Key<unknown> | Group | readonly [Group];

export interface Group {
  readonly [name: string]: Node;
}

/** The values of a group once they are read. */
export type Values<G> = {
  readonly [K in keyof G]: G[K] extends Key<infer T>
    ? T
    : G[K] extends readonly [infer E]
      ? readonly Values<E>[]
      : Values<G[K]>;
};

type ValueOf<F extends FormatName> = F extends 'size' | 'duration' | 'share' | 'port' | 'facility'
  ? number
  : F extends 'switch'
    ? boolean
    : F extends 'globs' | 'fingerprints' | 'filters' | 'patterns' | 'logParts'
      ? readonly string[]
      : string;

/** A key with a default. */
export function key<F extends FormatName>(
  format: F,
  fallback: string | readonly string[],
  doc: string,
  limits: Limits = {},
): Key<ValueOf<F>> {
  return { format, default: fallback, nullable: false, doc, ...limits };
}

export function choice<const C extends readonly string[]>(
  choices: C,
  fallback: C[number],
  doc: string,
): Key<C[number]> {
  return { format: 'choice', default: fallback, nullable: false, doc, choices };
}

/** A choice that may be left out; what that means stands in `doc`. */
export function optionalChoice<const C extends readonly string[]>(choices: C, doc: string): Key<C[number] | undefined> {
  return { format: 'choice', default: null, nullable: true, doc, choices };
}

/** A key that may be left out; what that means stands in `doc`. */
export function optional<F extends FormatName>(
  format: F,
  doc: string,
  limits: Limits = {},
): Key<ValueOf<F> | undefined> {
  return { format, default: null, nullable: true, doc, ...limits };
}

/** A key without which nothing works. */
export function required<F extends FormatName>(format: F, doc: string, limits: Limits = {}): Key<ValueOf<F>> {
  return { format, default: null, nullable: false, doc, ...limits };
}

export function isKey(node: Node): node is Key<unknown> {
  return 'format' in node && typeof node.format === 'string';
}

export function isList(node: Node): node is readonly [Group] {
  return Array.isArray(node);
}
