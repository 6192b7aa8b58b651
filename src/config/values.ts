/**
 * From text to values: convict puts defaults, file and variables together and
 * validates; then every text is read by its format, and what is left out is
 * filled in. Faults are collected, never thrown.
 */
import type { Schema } from 'convict';
import type { Fault } from './fault.js';
import { convict, formatOf, type Refused, type Text } from './formats.js';
import { type Group, type Key, type Machine, type Node, named, type Settled, type Values } from './key.js';
import type { Shape } from './shape.js';
import { variableOf } from './variables.js';

type Tree = Readonly<Record<string, Text>>;

/** The values are whole only when there are no faults. */
export function readValues<G extends Group>(
  group: G,
  shape: Shape,
  variables: Readonly<Record<string, string>>,
): { readonly values: Values<G>; readonly faults: readonly Fault[] } {
  const reader = new Reader(shape, variables);
  const values = reader.group(group, shape.tree, '');
  return { values: values as Values<G>, faults: reader.faults };
}

/** The values as the program uses them; see `Settled`. */
export function settled<G extends Group>(group: G, values: Values<G>, machine: Machine): Settled<G> {
  const given = values as Readonly<Record<string, unknown>>;
  const entries = Object.entries<Node>(group).map(([name, node]) => {
    const value = given[name];
    if (node.kind === 'key')
      return [named(name, node), value === undefined ? node.whenLeftOut?.(given, machine) : value];
    if (node.kind === 'section') return [name, settled(node.keys, value as Values<Group>, machine)];
    return [name, (value as readonly Values<Group>[]).map((part) => settled(node.keys, part, machine))];
  });
  return Object.fromEntries(entries) as Settled<G>;
}

class Reader {
  readonly faults: Fault[] = [];

  constructor(
    private readonly shape: Shape,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  group(group: Group, tree: Tree, prefix: string): Record<string, unknown> {
    const texts = this.#validated(group, tree, prefix);
    return this.#values(group, texts, tree, prefix);
  }

  /** Lists are not convict's: each part of one is validated as a configuration of its own. */
  #values(group: Group, texts: Readonly<Record<string, unknown>>, tree: Tree, prefix: string): Record<string, unknown> {
    const entries = Object.entries(group).map(([name, node]): [string, unknown] => {
      const path = `${prefix}${name}`;
      if (node.kind === 'key') return [name, readText(node, texts[name] as Text | null)];
      if (node.kind === 'section') {
        return [name, this.#values(node.keys, texts[name] as Tree, below(tree, name), `${path}.`)];
      }
      const parts = (tree[name] ?? []) as readonly Tree[];
      return [name, parts.map((part, index) => this.group(node.keys, part, `${path}[${index}].`))];
    });
    return Object.fromEntries(entries);
  }

  #validated(group: Group, tree: Tree, prefix: string): Record<string, unknown> {
    const reader = convict<Record<string, unknown>>(this.#wired(group, prefix), { env: this.variables, args: [] });
    reader.load(withoutLists(tree, group));
    const before = this.faults.length;
    try {
      reader.validate({ allowed: 'strict' });
    } catch (error) {
      if (this.faults.length === before) throw error;
    }
    return reader.getProperties();
  }

  /** The schema as convict takes it, each key with its variable and an ear for what its format refuses. */
  #wired(group: Group, prefix: string): Schema<Record<string, unknown>> {
    const wired: Record<string, object> = {};
    for (const [name, node] of Object.entries(group)) {
      const path = `${prefix}${name}`;
      if (node.kind === 'key') wired[name] = this.#wiredKey(node, path);
      else if (node.kind === 'section') wired[name] = this.#wired(node.keys, `${path}.`);
    }
    return wired as Schema<Record<string, unknown>>;
  }

  #wiredKey(key: Key, path: string): Key & { env?: string; refused: Refused } {
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

/** A text that was refused stays as it is: the faults say so, and rules across keys still find something there. */
function readText(key: Key, text: Text | null): unknown {
  if (text === null) return undefined;
  const value = formatOf[key.format].read(text, key);
  return value === undefined ? text : (value ?? undefined);
}

function withoutLists(tree: Tree, group: Group): Tree {
  const single = Object.keys(tree).filter((name) => group[name]?.kind !== 'list');
  return Object.fromEntries(
    single.map((name) => {
      const node = group[name]!;
      return [name, node.kind === 'section' ? withoutLists(below(tree, name), node.keys) : tree[name]!];
    }),
  );
}

/** What the file has in a section. */
function below(tree: Tree, name: string): Tree {
  return (tree[name] ?? {}) as Tree;
}
