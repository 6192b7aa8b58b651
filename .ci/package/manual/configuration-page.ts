/** openemr-audit-forwarder(5), from the schema that reads the configuration: every key, what it may be, its default. */
import { expectedOf } from '../../../src/config/formats.js';
import { type Group, isKey, isList, type Key } from '../../../src/config/key.js';
import { schema } from '../../../src/config/schema.js';
import { variableOf } from '../../../src/config/variables.js';
import type { Release } from '../release.js';
import { bold, paragraph, prose, section, subsection, tagged, title, typed, verbatim } from './roff.js';

const ENOUGH = `sources:
  - name: main
    paths: ["/var/log/openemr-audit/*.log"]
    timeZone: America/New_York
collectors:
  - host: hie.example.org
tls:
  ca: /etc/openemr-audit-forwarder/tls/cacert.pem
  cert: /etc/openemr-audit-forwarder/tls/openemrcert.pem
  key: /etc/openemr-audit-forwarder/tls/openemr.key`;

const SYNTAX =
  'The file is YAML. Sizes carry their unit (8KiB, 64MiB, 4GiB), durations too (500ms, 30s, 15m, 1d). ' +
  'A key that is not known is an error; every fault is told at once, with its line. ' +
  'openemr-audit-forwarder check looks at the file and at all that it names; ' +
  'systemctl reload openemr-audit-forwarder makes the running agent read it again, all of it or, if it has a fault, nothing.';

const VARIABLES =
  'A single key that is in no list can be overridden by a variable: OAF_ and the path of the key in upper case, such as ' +
  `${variableOf('journal.directory')} for journal.directory and ${variableOf('tls.minVersion')} for tls.minVersion. ` +
  'OAF_COLLECTORS=host:port,host:port stands for the collectors.';

export function configurationPage({ name, epoch, version }: Release): string {
  const blocks = [
    title({ name, section: 5, epoch, version, manual: 'File Formats' }),
    section('NAME', `${typed(name)} \\- ${prose('configuration of openemr-audit-forwarder(1)')}`),
    section('SYNOPSIS', `\\fI${typed('/etc/openemr-audit-forwarder/config.yaml')}\\fR`),
    section(
      'DESCRIPTION',
      prose(SYNTAX),
      paragraph('This is enough; all else has a default:'),
      verbatim(ENOUGH.split('\n')),
    ),
    section('KEYS', ...Object.entries<Group[string]>(schema).map(([group, node]) => groupSection(group, node))),
    section('ENVIRONMENT', prose(VARIABLES)),
    section('SEE ALSO', '.BR openemr\\-audit\\-forwarder (1)'),
  ];
  return `${blocks.join('\n')}\n`;
}

function groupSection(name: string, node: Group[string]): string {
  return subsection(typed(name), ...keysBelow(isList(node) ? `${name}[]` : name, node));
}

function keysBelow(path: string, node: Group[string]): string[] {
  if (isKey(node)) return [described(path, node)];
  const group = isList(node) ? node[0] : node;
  return Object.entries(group).flatMap(([name, below]) =>
    keysBelow(`${path}.${name}${isList(below) ? '[]' : ''}`, below),
  );
}

function described(path: string, key: Key<unknown>): string {
  const expected = `Expected: ${expectedOf(key.format, key)}.`;
  return tagged(bold(path), [prose(key.doc), '.br', prose(`${expected} ${standing(key)}`)].join('\n'));
}

function standing({ default: fallback, nullable }: Key<unknown>): string {
  if (fallback === null) return nullable ? 'May be left out.' : 'Required.';
  if (fallback === '' || fallback.length === 0) return 'Default: none.';
  return `Default: ${Array.isArray(fallback) ? fallback.join(', ') : fallback}.`;
}
