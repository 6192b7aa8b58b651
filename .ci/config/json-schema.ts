/**
 * config/schema.json: the configuration as JSON Schema (draft 2020-12), for
 * editors and for `check-jsonschema` in a pipeline. It accepts and refuses what
 * the program does, except for what only the program can know: rules between
 * keys, time zones, IPv6 addresses and RE2's syntax.
 */
import { formatOf, type JsonSchema } from '../../src/config/formats.js';
import type { Group, Key, Node } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';
import { expectedOf } from './words.js';

export function jsonSchema(): string {
  const whole = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of openemr-audit-forwarder',
    description: 'Made from src/config/schema.ts by npm run docs:config.',
    ...groupSchema(schema),
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

/** A key or section with nothing behind it counts as left out, which YAML calls null. */
function groupSchema(group: Group): JsonSchema {
  const required = Object.entries(group).flatMap(([name, node]) => (isRequired(node) ? [name] : []));
  return {
    type: required.length > 0 ? 'object' : ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(group).map(([name, node]) => [name, nodeSchema(node)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function nodeSchema(node: Node): JsonSchema {
  switch (node.kind) {
    case 'key':
      return keySchema(node);
    case 'section':
      return { description: node.doc, ...groupSchema(node.keys) };
    case 'list':
      return { description: node.doc, type: ['array', 'null'], items: groupSchema(node.keys) };
  }
}

function keySchema(key: Key): JsonSchema {
  const message = `expected ${expectedOf(key)}`;
  const forms = formatOf[key.format].json(key).map((form) => withMessage(form, message) as JsonSchema);
  const all = isRequired(key) ? forms : [...forms, { type: 'null' }];
  return {
    description: key.doc,
    ...(key.default === null ? {} : { default: key.default }),
    ...(key.example === undefined ? {} : { examples: [key.example] }),
    ...(all.length === 1 ? all[0] : { anyOf: all }),
  };
}

function isRequired(node: Node): boolean {
  return node.kind === 'key' && node.default === null && !node.nullable;
}

/** Editors show `patternErrorMessage` instead of the pattern that a text does not match. */
function withMessage(form: unknown, message: string): unknown {
  if (Array.isArray(form)) return form.map((part) => withMessage(part, message));
  if (typeof form !== 'object' || form === null) return form;
  const parts = Object.entries(form).map(([name, part]) => [name, withMessage(part, message)]);
  return { ...Object.fromEntries(parts), ...('pattern' in form ? { patternErrorMessage: message } : {}) };
}
