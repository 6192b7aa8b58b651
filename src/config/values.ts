/**
 * From text to values, by convict: defaults, variables over the file, every
 * value through its format. All refusals are gathered, none is thrown.
 */
import type { Schema } from 'convict';
import type { Fault } from './fault.js';
import { convict, type Limits, type Refused } from './formats.js';
import { type Group, isKey, isList, type Key, type Values } from './key.js';
import type { Shape, Text } from './shape.js';
import { variableOf } from './variables.js';

type Tree = Readonly<Record<string, Text>>;

/** The values are whole only when there are no faults. */
export function readValues<G extends Group>(
  schema: G,
  shape: Shape,
  variables: Readonly<Record<string, string>>,
): { readonly values: Values<G>; readonly faults: readonly Fault[] } {
  const reading = new Reading(shape, variables);
  const values = reading.group(schema, shape.tree, '');
  return { values: values as Values<G>, faults: reading.faults };
}

class Reading {
  readonly faults: Fault[] = [];

  constructor(
    private readonly shape: Shape,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  group(group: Group, tree: Tree, prefix: string): Record<string, unknown> {
    return this.#withLists(this.#singles(group, tree, prefix), group, tree, prefix);
  }

  /** Lists of groups are not convict's: it takes each of their parts as a configuration of its own. */
  #withLists(values: object, group: Group, tree: Tree, prefix: string): Record<string, unknown> {
    const whole: Record<string, unknown> = { ...values };
    for (const [name, node] of Object.entries(group)) {
      const path = `${prefix}${name}`;
      if (isList(node)) {
        const parts = (tree[name] ?? []) as readonly Tree[];
        whole[name] = parts.map((part, index) => this.group(node[0], part, `${path}[${index}].`));
      } else if (!isKey(node)) {
        whole[name] = this.#withLists(whole[name] as object, node, (tree[name] ?? {}) as Tree, `${path}.`);
      }
    }
    return whole;
  }

  #singles(group: Group, tree: Tree, prefix: string): Record<string, unknown> {
    const reader = convict<Record<string, unknown>>(this.#wired(group, prefix), { env: this.variables, args: [] });
    reader.load(withoutLists(tree, group));
    const before = this.faults.length;
    try {
      reader.validate({ allowed: 'strict' });
    } catch (error) {
      if (this.faults.length === before) throw error;
    }
    return withoutNulls(reader.getProperties());
  }

  /** The schema as convict takes it, each key with its variable and an ear for what its format refuses. */
  #wired(group: Group, prefix: string): Schema<Record<string, unknown>> {
    const wired: Record<string, object> = {};
    for (const [name, node] of Object.entries(group)) {
      const path = `${prefix}${name}`;
      if (isKey(node)) wired[name] = this.#wiredKey(node, path);
      else if (!isList(node)) wired[name] = this.#wired(node, `${path}.`);
    }
    return wired as Schema<Record<string, unknown>>;
  }

  #wiredKey(key: Key<unknown>, path: string): Key<unknown> & Limits & { env?: string; refused: Refused } {
    return {
      ...key,
      ...(path.includes('[') ? {} : { env: variableOf(path) }),
      refused: (expected) => this.faults.push(this.#refusal(path, expected)),
    };
  }

  #refusal(path: string, expected: string): Fault {
    const variable = path.startsWith('collectors[') ? 'OAF_COLLECTORS' : variableOf(path);
    if (Object.hasOwn(this.variables, variable)) {
      return { key: path, variable, problem: problem(expected, this.variables[variable]) };
    }
    const { line, text } = this.shape.written.get(path) ?? {};
    const parent = path.slice(0, path.lastIndexOf('.'));
    return { key: path, line: line ?? this.shape.written.get(parent)?.line, problem: problem(expected, text) };
  }
}

function problem(expected: string, text: Text | undefined): string {
  if (text === undefined) return `missing; expected ${expected}`;
  const asTyped = typeof text === 'string' && /^[!-~]+$/.test(text) ? text : JSON.stringify(text);
  return `expected ${expected}; got ${asTyped}`;
}

function withoutLists(tree: Tree, group: Group): Tree {
  const single = Object.entries(tree).filter(([name]) => !isList(group[name]!));
  return Object.fromEntries(
    single.map(([name, text]) => {
      const node = group[name]!;
      return [name, isKey(node) || isList(node) ? text : withoutLists(text as Tree, node)];
    }),
  );
}

function withoutNulls(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isGroup(value) ? withoutNulls(value) : (value ?? undefined)]),
  );
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
