/** docs/configuration.md: every key with its meaning, value, default, variable and example. */
import { type Group, type Key, keysBelow, type Node } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';
import { variableOf } from '../../src/config/variables.js';
import { inline } from './commented-file.js';
import { CHECK, ENOUGH, expectedOf, FILE, RELOAD, SYNTAX, standing, VARIABLES, wrapped } from './words.js';

const COLUMNS = 100;

/** src/config/rules.ts holds them. */
const RULES = [
  'At least one source and one collector. No two sources may have the same name, and no two collectors the same host and port.',
  '`format: openemr-tsv` needs `startAt: beginning`, because the header line comes first.',
  '`message.profile: atna` needs the facility `authpriv` and `message.maxBytes` of at least 8KiB.',
  '`tls.cert` or `tls.p12` is required, but not both; `tls.key` belongs to `tls.cert`. `tls.verify: name` and `chain` need `tls.ca`, ' +
    '`fingerprint` needs `tls.fingerprints`.',
  'For the command `export`: at least one site, each with a different name; `export.rotate` is at most half of `export.maxBytes`; ' +
    '`tls.cert` and `tls.key` of a site are given both or not at all. A site NAME and a site NAME.disclosures need ' +
    '`export.disclosures: false`, because their files would have the same name.',
];

export function reference(): string {
  const blocks = [
    '# Configuration',
    prose('Made from `src/config/schema.ts` by `npm run docs:config`: change it there.'),
    prose(`The configuration is \`${FILE}\`. ${SYNTAX} This is enough, all else has a default:`),
    fenced('yaml', ENOUGH),
    prose('`config/config.yaml` is the installed file, with every key and a comment on each. After a change:'),
    fenced('', CHECK),
    prose(RELOAD),
    prose(VARIABLES),
    prose(
      'The first line of the installed file names `schema.json`, a JSON Schema (draft 2020-12) that lies beside it. ' +
        'Editors with a YAML language server complete keys and mark mistakes with it, and a pipeline can validate with it. ' +
        'Only `check` knows the rules between keys, which time zones exist, and what RE2 accepts.',
    ),
    '## Rules between keys',
    RULES.map((rule) => listItem(rule)).join('\n'),
    ...Object.entries<Node>(schema).flatMap(([name, node]) => sectionBlocks(name, node)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function sectionBlocks(name: string, node: Node): string[] {
  const group: Group = { [name]: node };
  return [`## ${name}`, prose(node.doc), ...keysBelow(group).flatMap(([path, key]) => keyBlocks(path, key))];
}

function keyBlocks(path: string, key: Key): string[] {
  const name = path.slice(path.lastIndexOf('.') + 1);
  const example = key.example ?? key.default;
  const facts = [
    `Value: ${expectedOf(key)}.`,
    standing(key).replace(/^(Default: )(.+)\.$/, '$1`$2`.'),
    ...(key.restart ? ['A change needs a restart.'] : []),
    ...(path.includes('[') ? [] : [`Variable: \`${variableOf(path)}\`.`]),
  ];
  const lines = [prose(key.doc), facts.map(listItem).join('\n')];
  if (example !== null && example.length > 0) lines.push(fenced('yaml', `${name}: ${inline(example)}`));
  return [`### ${path}`, ...lines];
}

function listItem(text: string): string {
  return wrapped(text, COLUMNS - 2)
    .join('\n  ')
    .replace(/^/, '- ');
}

function prose(text: string): string {
  return wrapped(text, COLUMNS).join('\n');
}

function fenced(language: string, text: string): string {
  return ['```', language, '\n', text, '\n```'].join('');
}
