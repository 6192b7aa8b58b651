/**
 * Reads the file's YAML into a tree of text in the shape of the schema. Invalid
 * YAML, unknown keys and lists in the wrong place are reported with their line.
 * Values stay as they were typed; formats.ts decides what they mean.
 */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
  type Node as Yaml,
} from 'yaml';
import type { Fault } from './fault.js';
import { nearest } from './fault.js';
import type { Text } from './formats.js';
import { type Group, keysBelow, type Node } from './key.js';

export interface Shape {
  readonly tree: Readonly<Record<string, Text>>;
  readonly faults: readonly Fault[];
  /** Each key of the file by its path, with its line and, if it is a value, what was typed. */
  readonly written: ReadonlyMap<string, Written>;
}

export interface Written {
  readonly line: number | undefined;
  readonly text?: Text | undefined;
}

/** Errors of syntax are reported alone: a tree that the parser guessed proves no others. */
export function readShape(text: string, schema: Group): Shape {
  const counter = new LineCounter();
  const document = parseDocument(text, { schema: 'core', lineCounter: counter, prettyErrors: false });
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) {
    const slip = wrong.some(({ code }) => BY_INDENTATION.has(code)) ? indentationFault(text) : undefined;
    if (slip !== undefined) return { tree: {}, faults: [slip], written: new Map() };
    const faults = wrong.map((error) => syntaxFault(error, text, counter.linePos(error.pos[0])));
    return { tree: {}, faults, written: new Map() };
  }
  return new Walk(counter, schema).shape(document.contents);
}

function syntaxFault(error: YAMLError, text: string, { line, col }: { line: number; col: number }): Fault {
  return { key: '', line, problem: `column ${col}: not valid YAML: ${syntaxText(error, text)}` };
}

/** The parser's own words, except for the mistakes that administrators make most. */
function syntaxText({ code, message, pos }: YAMLError, text: string): string {
  switch (code) {
    case 'DUPLICATE_KEY': {
      const [key = ''] = text.slice(pos[0]).match(/^[^\s:]+/) ?? [];
      return `the key ${key} is here a second time; merge the two`;
    }
    case 'TAB_AS_INDENT':
      return 'this line is indented with a tab; YAML allows only spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here (---); expected only one';
    default:
      return message;
  }
}

/** What stands at `path`, as far as the text can be read, whatever else is wrong with it; `undefined` when there is no text. */
export function typedValue(text: string, path: readonly string[]): string | undefined {
  try {
    const value = parseDocument(text, { schema: 'core', prettyErrors: false }).getIn(path);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What the parser says of a line that is indented wrongly; often more than once, and of something else. */
const BY_INDENTATION: ReadonlySet<string> = new Set([
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'BLOCK_IN_FLOW',
  'IMPOSSIBLE',
  'MISSING_CHAR',
  'MULTILINE_IMPLICIT_KEY',
  'UNEXPECTED_TOKEN',
]);

/**
 * The first line that stands neither where a block above it stands nor below one that is open. `undefined` when there is
 * none, or when the text has what spans lines otherwise (block scalars, flow collections).
 */
function indentationFault(text: string): Fault | undefined {
  /** Columns of the blocks that are open, the innermost last. */
  const open: number[] = [];
  /** The line before may have a block below it. */
  let opens = true;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    if (/[|>][-+\d]*\s*$/.test(line) || count(line, /[[{]/g) !== count(line, /[\]}]/g)) return undefined;
    const indent = line.search(/[^ ]/);
    const before = open.at(-1) ?? indent;
    let above = before;
    while ((open.at(-1) ?? 0) > indent) above = open.pop() ?? 0;
    const known = open.at(-1) ?? indent;
    if ((indent > before && !opens) || (indent < before && known !== indent)) {
      return {
        key: '',
        line: index + 1,
        problem: `this line is indented by ${indent} ${indent === 1 ? 'space' : 'spaces'}, the lines above by ${above}`,
      };
    }
    if (open.at(-1) !== indent) open.push(indent);
    const [dashes = ''] = /^(?:- +)*/.exec(line.slice(indent)) ?? [];
    if (dashes !== '') open.push(indent + dashes.length);
    opens = /(?:^|[:-])\s*(?:#.*)?$/.test(line.slice(indent + dashes.length));
  }
  return undefined;
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0;
}

class Walk {
  readonly #faults: Fault[] = [];
  readonly #written = new Map<string, Written>();

  constructor(
    private readonly counter: LineCounter,
    private readonly schema: Group,
  ) {}

  shape(contents: Yaml | null): Shape {
    const tree = this.#group(contents, this.schema, '');
    return { tree, faults: this.#faults, written: this.#written };
  }

  #group(node: unknown, group: Group, path: string): Record<string, Text> {
    if (isEmpty(node)) return {};
    if (isMap(node)) return this.#entries(node, group, path);
    this.#refuse(path, `expected keys and their values: ${Object.keys(group).join(', ')}`, node);
    return {};
  }

  #entries(map: YAMLMap, group: Group, path: string): Record<string, Text> {
    const tree: Record<string, Text> = {};
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const place = path === '' ? name : `${path}.${name}`;
      this.#written.set(place, { line: this.#line(key) });
      const text = this.#value(value, group, name, place);
      if (text !== undefined) tree[name] = text;
    }
    return tree;
  }

  #value(value: unknown, group: Group, name: string, place: string): Text | undefined {
    const node = Object.hasOwn(group, name) ? group[name] : undefined;
    if (node !== undefined) return this.#known(value, node, place);
    this.#refuse(place, this.#unknown(name, group, place), undefined);
    return undefined;
  }

  #known(value: unknown, node: Node, place: string): Text | undefined {
    if (node.kind === 'key') return this.#text(value, place);
    return node.kind === 'list' ? this.#list(value, node.keys, place) : this.#group(value, node.keys, place);
  }

  #list(node: unknown, element: Group, path: string): Text | undefined {
    if (isEmpty(node)) return undefined;
    if (!isSeq(node)) {
      this.#refuse(path, "expected a list; each element begins with '- '", node);
      return undefined;
    }
    return node.items.map((part, index) => {
      const place = `${path}[${index}]`;
      this.#written.set(place, { line: this.#line(part) });
      return this.#group(part, element, place);
    });
  }

  #text(node: unknown, path: string): Text | undefined {
    if (isEmpty(node)) return undefined;
    if (isScalar(node)) return this.#typed(path, asTyped(node));
    if (isSeq(node) && node.items.every((part) => isScalar(part))) return this.#typed(path, node.items.map(asTyped));
    const quotes = 'aliases (*) are not supported; put a value that begins with * in quotes';
    this.#refuse(path, isAlias(node) ? quotes : 'expected a single value or a list of them', node);
    return undefined;
  }

  #typed(path: string, text: Text): Text {
    this.#written.set(path, { line: this.#written.get(path)?.line, text });
    return text;
  }

  #unknown(name: string, group: Group, place: string): string {
    const meant = nearest(name, Object.keys(group));
    if (meant !== undefined) return `no such key; did you mean ${meant}?`;
    const elsewhere = keysBelow(this.schema)
      .map(([path]) => path)
      .filter((path) => path !== place && path.endsWith(`.${name}`));
    return elsewhere.length > 0 ? `no such key here; did you mean ${elsewhere.join(' or ')}?` : 'no such key';
  }

  #refuse(key: string, problem: string, node: unknown): void {
    this.#faults.push({ key, problem, line: this.#written.get(key)?.line ?? this.#line(node) });
  }

  #line(node: unknown): number | undefined {
    return isNode(node) && node.range ? this.counter.linePos(node.range[0]).line : undefined;
  }
}

/** `007` and `1.0` stay as they were typed: a name is not a number. */
function asTyped(scalar: Scalar): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

/** A key with nothing behind it counts as left out. */
function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}
