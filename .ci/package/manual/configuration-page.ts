/** openemr-audit-forwarder(5), from the schema that reads the configuration: every key, what it may be, its default. */
import { type Key, keysBelow, type Node } from '../../../src/config/key.js';
import { schema } from '../../../src/config/schema.js';
import { CHECK, ENOUGH, expectedOf, FILE, RELOAD, SYNTAX, standing, VARIABLES } from '../../config/words.js';
import type { Release } from '../release.js';
import { bold, paragraph, prose, section, subsection, tagged, title, typed, verbatim } from './roff.js';

export function configurationPage({ name, epoch, version }: Release): string {
  const blocks = [
    title({ name, section: 5, epoch, version, manual: 'File Formats' }),
    section('NAME', `${typed(name)} \\- ${prose('configuration of openemr-audit-forwarder(1)')}`),
    section('SYNOPSIS', `\\fI${typed(FILE)}\\fR`),
    section(
      'DESCRIPTION',
      prose(SYNTAX),
      paragraph('This is enough, all else has a default:'),
      verbatim(ENOUGH.split('\n')),
      paragraph('After a change:'),
      verbatim([CHECK]),
      paragraph(prose(RELOAD)),
    ),
    section(
      'KEYS',
      ...Object.entries<Node>(schema).map(([name, node]) =>
        subsection(
          typed(name),
          prose(node.doc),
          ...keysBelow({ [name]: node }).map(([path, key]) => described(path, key)),
        ),
      ),
    ),
    section('ENVIRONMENT', prose(VARIABLES)),
    section('SEE ALSO', '.BR openemr\\-audit\\-forwarder (1)'),
  ];
  return `${blocks.join('\n')}\n`;
}

function described(path: string, key: Key): string {
  const facts = `Value: ${expectedOf(key)}. ${standing(key)}${key.restart ? ' A change needs a restart.' : ''}`;
  return tagged(bold(path), [prose(key.doc), '.br', prose(facts)].join('\n'));
}
