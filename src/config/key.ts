/**
 * What the schema is built of: keys, sections of keys and lists of sections;
 * and the types that follow from it, so that no type repeats a key.
 */
import type { FormatName, Limits, ValueOf } from './formats.js';

export interface Hints extends Limits {
  /** What the key could be, where the default does not show it. */
  readonly example?: string | readonly string[];
  /** The key stands in config/config.yaml as it is, not behind a '#'. */
  readonly shown?: true;
  /** A change takes effect at a restart, not at a reload. */
  readonly restart?: true;
}

/** What the machine knows when the file does not say. */
export interface Machine {
  /** This machine's name, with its domain where that is known. */
  readonly fullName: string;
  /** IANA name of the machine's time zone. */
  readonly timeZone: string;
}

/** Makes the value of a key that is left out, from the keys beside it. */
type WhenLeftOut<T> = (beside: Readonly<Record<string, unknown>>, machine: Machine) => T;

/** `Given` is the type of the value as it is read, `Settled` of the value once what is left out is filled in. */
export interface Key<F extends FormatName = FormatName, Given = unknown, Settled = unknown> extends Hints {
  readonly kind: 'key';
  readonly format: F;
  /** As it would stand in the file; `null` when there is none. */
  readonly default: string | readonly string[] | null;
  readonly nullable: boolean;
  /** For administrators: a sentence or more. */
  readonly doc: string;
  readonly whenLeftOut?: WhenLeftOut<Settled>;
  readonly given?: Given;
}

export interface Section<G extends Group = Group> {
  readonly kind: 'section';
  readonly doc: string;
  readonly keys: G;
}

/** A list of sections that all have the same keys. */
export interface List<G extends Group = Group> {
  readonly kind: 'list';
  readonly doc: string;
  readonly keys: G;
}

export type Node = Key | Section | List;

export interface Group {
  readonly [name: string]: Node;
}

/** The values of a group as they are read, under the names of the file. */
export type Values<G> = {
  readonly [K in keyof G]: G[K] extends Key<FormatName, infer T>
    ? T
    : G[K] extends List<infer E>
      ? readonly Values<E>[]
      : G[K] extends Section<infer S>
        ? Values<S>
        : never;
};

/** The values of a group as the program uses them: complete, and with their unit in the name. */
export type Settled<G> = {
  readonly [K in keyof G & string as Named<K, G[K]>]: G[K] extends Key<FormatName, unknown, infer T>
    ? T
    : G[K] extends List<infer E>
      ? readonly Settled<E>[]
      : G[K] extends Section<infer S>
        ? Settled<S>
        : never;
};

/** `heartbeat`, a duration, is `heartbeatMs`; `rotate`, a size, is `rotateBytes`; `maxBytes` stays. */
type Named<K extends string, N> =
  N extends Key<infer F>
    ? F extends 'duration'
      ? `${K}Ms`
      : F extends 'size'
        ? K extends `${string}Bytes`
          ? K
          : `${K}Bytes`
        : K
    : K;

/** What `Named` says of types, for the values. */
export function named(name: string, node: Node): string {
  if (node.kind !== 'key') return name;
  if (node.format === 'duration') return `${name}Ms`;
  return node.format === 'size' && !name.endsWith('Bytes') ? `${name}Bytes` : name;
}

/** A key with a default. */
export function key<F extends FormatName>(
  format: F,
  fallback: string | readonly string[],
  doc: string,
  hints: Hints = {},
): Key<F, ValueOf<F>, ValueOf<F>> {
  return { kind: 'key', format, default: fallback, nullable: false, doc, ...hints };
}

/** A key that may be left out; `doc` says what that means. */
export function optional<F extends FormatName>(
  format: F,
  doc: string,
  hints: Hints,
): Key<F, ValueOf<F> | undefined, ValueOf<F> | undefined> {
  return { kind: 'key', format, default: null, nullable: true, doc, ...hints };
}

/** A key whose default depends on the keys beside it or on the machine; `doc` says how. */
export function dependent<F extends FormatName>(
  format: F,
  whenLeftOut: WhenLeftOut<ValueOf<F>>,
  doc: string,
  hints: Hints,
): Key<F, ValueOf<F> | undefined, ValueOf<F>> {
  return { kind: 'key', format, default: null, nullable: true, doc, whenLeftOut, ...hints };
}

/** A key that must be given. */
export function required<F extends FormatName>(format: F, doc: string, hints: Hints): Key<F, ValueOf<F>, ValueOf<F>> {
  return { kind: 'key', format, default: null, nullable: false, doc, shown: true, ...hints };
}

export function choice<const C extends readonly string[]>(
  choices: C,
  fallback: C[number],
  doc: string,
  hints: Hints = {},
): Key<'choice', C[number], C[number]> {
  return { kind: 'key', format: 'choice', default: fallback, nullable: false, doc, choices, ...hints };
}

export function dependentChoice<const C extends readonly string[]>(
  choices: C,
  whenLeftOut: WhenLeftOut<C[number]>,
  doc: string,
  hints: Hints,
): Key<'choice', C[number] | undefined, C[number]> {
  return { kind: 'key', format: 'choice', default: null, nullable: true, doc, choices, whenLeftOut, ...hints };
}

export function section<G extends Group>(doc: string, keys: G): Section<G> {
  return { kind: 'section', doc, keys };
}

export function list<G extends Group>(doc: string, keys: G): List<G> {
  return { kind: 'list', doc, keys };
}

/** Every key below a group by its path, `message.maxBytes`; a list's as `sources[].paths`. */
export function keysBelow(group: Group, prefix = ''): [path: string, key: Key][] {
  return Object.entries(group).flatMap(([name, node]): [string, Key][] => {
    if (node.kind === 'key') return [[`${prefix}${name}`, node]];
    return keysBelow(node.keys, `${prefix}${name}${node.kind === 'list' ? '[]' : ''}.`);
  });
}
