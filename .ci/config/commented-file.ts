/**
 * config/config.yaml: every key under its explanation. Keys that everybody must
 * look at stand as they are, all others behind a '#' with their default.
 */
import type { Group, Key, Node } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';
import { CHECK, FILE, RELOAD, SYNTAX, VARIABLES, wrapped } from './words.js';

const COLUMNS = 100;

const HEAD = [
  'Set the files to follow, the collector and the certificates; and the time zone, if the times in the files ' +
    "have no offset. All else has a default. A key behind a '#' shows its default, or an example where the text " +
    'above it says what the default is.',
  SYNTAX,
  RELOAD,
  VARIABLES,
];

export function commentedFile(): string {
  const head = [
    '# yaml-language-server: $schema=schema.json',
    `# ${FILE}`,
    ...HEAD.flatMap((text) => ['#', ...comment(text, '')]),
    '#',
    '# Every key is also in docs/configuration.md and in openemr-audit-forwarder(5). After a change:',
    '#',
    `#   ${CHECK}`,
  ];
  const sections = Object.entries<Node>(schema).map(([name, node]) =>
    [...comment(node.doc, ''), ...blockOf(name, node, '')].join('\n'),
  );
  return `${[head.join('\n'), ...sections].join('\n\n')}\n`;
}

/** A section or key without its explanation. */
function blockOf(name: string, node: Node, indent: string): string[] {
  if (node.kind === 'key') return keyLines(name, node, indent);
  if (node.kind === 'section') return [`${indent}${name}:`, ...groupLines(node.keys, `${indent}  `)];
  // The first key of an element stands behind its hyphen.
  const lines = groupLines(node.keys, `${indent}    `);
  const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
  lines[first] = lines[first]!.replace(/^( *) {2}(?=\w)/, '$1- ');
  return [`${indent}${name}:`, ...lines];
}

function groupLines(group: Group, indent: string): string[] {
  return Object.entries(group).flatMap(([name, node]) => [
    ...comment(node.doc, indent),
    ...blockOf(name, node, indent),
  ]);
}

function keyLines(name: string, key: Key, indent: string): string[] {
  if (!key.shown) return [`${indent}#${name}: ${inline(key.default ?? key.example ?? '')}`];
  const value = key.example ?? key.default ?? '';
  if (typeof value === 'string') return [`${indent}${name}: ${inline(value)}`];
  return [`${indent}${name}:`, ...value.map((item) => `${indent}  - ${inline(item)}`)];
}

/** A value on one line; the schema's own values need quotes only when they are empty. */
export function inline(value: string | readonly string[]): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  return `[${value.map((item) => (/^[\w./=-]*$/.test(item) ? item : `'${item}'`)).join(', ')}]`;
}

function comment(text: string, indent: string): string[] {
  return wrapped(text, COLUMNS - indent.length - 2).map((line) => `${indent}# ${line}`);
}
