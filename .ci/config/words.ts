/** What config/config.yaml, docs/configuration.md and the manual page all say of the configuration. */
import { formatOf } from '../../src/config/formats.js';
import { type Key, keysBelow } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';
import { variableOf } from '../../src/config/variables.js';

export const FILE = '/etc/openemr-audit-forwarder/config.yaml';

export const ENOUGH = `sources:
  - name: main
    paths: ["/var/log/openemr-audit/*.log"]
    timeZone: America/New_York
collectors:
  - host: hie.example.org
tls:
  ca: /etc/openemr-audit-forwarder/tls/cacert.pem
  cert: /etc/openemr-audit-forwarder/tls/openemrcert.pem
  key: /etc/openemr-audit-forwarder/tls/openemr.key`;

export const SYNTAX =
  'The file is YAML. Sizes have a unit (8KiB, 64MiB, 4GiB), and so have durations (500ms, 30s, 15m, 1d). ' +
  'An unknown key is an error. All errors are reported at once, each with its line.';

export const CHECK = 'openemr-audit-forwarder check && systemctl reload openemr-audit-forwarder';

export const RELOAD =
  'A reload takes over the whole file, or nothing of it if there is an error. ' +
  `Changes to ${listed(restartKeys())} take effect at a restart only; at a reload the log says so.`;

export const VARIABLES =
  'An environment variable overrides a single key that is not part of a list: OAF_ and the path of the key in upper case, ' +
  `such as ${variableOf('journal.directory')} for journal.directory and ${variableOf('tls.minVersion')} for tls.minVersion. ` +
  'OAF_COLLECTORS=host:port,host:port replaces the collectors. An empty variable counts as not set.';

/** Completes "Value: …". */
export function expectedOf(key: Key): string {
  return formatOf[key.format].expected(key);
}

/** Whether it must be given, and what it is if not. */
export function standing({ default: fallback, nullable }: Key): string {
  if (fallback === null) return nullable ? 'Optional.' : 'Required.';
  if (fallback.length === 0) return 'Optional.';
  return `Default: ${Array.isArray(fallback) ? fallback.join(', ') : fallback}.`;
}

/** `journal` for all its keys, `log.format` for one of several. */
function restartKeys(): string[] {
  return Object.entries(schema).flatMap(([name, node]) => {
    const keys = keysBelow({ [name]: node });
    const fixed = keys.filter(([, key]) => key.restart);
    return fixed.length === keys.length ? [name] : fixed.map(([path]) => path);
  });
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Breaks text between words into lines of at most `columns`. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
