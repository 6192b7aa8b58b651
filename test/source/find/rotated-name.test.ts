import test from 'ava';
import { compressionOf, liveNames } from '../../../src/source/find/rotated-name.js';

const names: readonly (readonly [name: string, live: readonly string[]])[] = [
  ['audit.log', ['audit.log']],
  ['audit.log.1', ['audit.log']],
  ['audit.log.12.gz', ['audit.log']],
  ['audit.log-20260101', ['audit.log']],
  ['audit.log-20260101-1767225600.gz', ['audit.log']],
  ['audit.log.2026-01-01T10:00:00Z', ['audit.log']],
  ['audit.log.old', ['audit.log']],
  ['audit.log-2026112403.backup', ['audit.log']],
  ['audit-20260101.log', ['audit-20260101.log', 'audit.log']],
  ['audit-2026-01-01.log.gz', ['audit-2026-01-01.log', 'audit.log']],
  ['audit-20260101.log.2', ['audit-20260101.log', 'audit.log']],
  ['node-12.log', ['node-12.log']],
  ['job-1.log.3', ['job-1.log']],
  ['error.log.xz', ['error.log']],
  ['.gz', ['.gz']],
  ['1', ['1']],
];

for (const [name, live] of names) {
  test(`${name} may have been written to as ${live.join(' or ')}`, (t) => {
    t.deepEqual(liveNames(name), live as readonly [string]);
  });
}

test('gzip is read, other compressions are known as such', (t) => {
  t.is(compressionOf('audit.log.1.gz'), 'gzip');
  t.is(compressionOf('audit.log.1.zst'), 'unsupported');
  t.is(compressionOf('audit.log.1'), 'none');
});
