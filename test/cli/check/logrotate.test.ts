import test from 'ava';
import { type Rotation, readRotations, rotatedPath, rotationFor } from '../../../src/cli/check/logrotate.js';

const DAY_MS = 86_400_000;

/** Reads from a tree in memory: texts by path, and directories as lists of names. */
function read(tree: Readonly<Record<string, string | readonly string[]>>) {
  return readRotations('/etc/logrotate.conf', {
    read: async (path) => tree[path] ?? Promise.reject(new Error('ENOENT')),
  });
}

const DEBIAN = `# see "man logrotate" for details
weekly
rotate 4
create
#compress
include /etc/logrotate.d
`;

test('options hold for what follows, in included files too, and a stanza can change them for itself', async (t) => {
  const { rotations, unreadable } = await read({
    '/etc/logrotate.conf': `${DEBIAN}/var/log/last.log {\n}\n`,
    '/etc/logrotate.d': ['openemr', 'old.dpkg-old', 'rsyslog'],
    '/etc/logrotate.d/old.dpkg-old': '/var/log/never.log { rotate 1\n}\n',
    '/etc/logrotate.d/openemr': `/var/log/openemr-audit/*.log {
  daily
  rotate 30
  compress
  delaycompress
  dateext
  olddir /var/log/openemr-audit/old
  postrotate
    /bin/true }
    rotate 99
  endscript
}
`,
    '/etc/logrotate.d/rsyslog': `/var/log/syslog
/var/log/mail.log
{
  size=100k
  copytruncate
}`,
  });
  t.deepEqual(unreadable, []);
  t.deepEqual(
    rotations.map(({ patterns }) => patterns),
    [['/var/log/openemr-audit/*.log'], ['/var/log/syslog', '/var/log/mail.log'], ['/var/log/last.log']],
  );
  const audit = rotationFor('/var/log/openemr-audit/audit.log', rotations);
  t.like(audit, {
    file: '/etc/logrotate.d/openemr',
    olddir: '/var/log/openemr-audit/old',
    rotate: 30,
    periodMs: DAY_MS,
    compressor: 'gzip',
    delaycompress: true,
    dateext: true,
    copytruncate: false,
  });
  t.like(rotationFor('/var/log/mail.log', rotations), {
    rotate: 4,
    periodMs: undefined,
    maxBytes: 102_400,
    copytruncate: true,
    compressor: undefined,
  });
  t.like(rotationFor('/var/log/last.log', rotations), { rotate: 4, periodMs: 7 * DAY_MS });
  t.is(rotationFor('/var/log/never.log', rotations), undefined);
});

test('paths may be quoted, escaped, and several on a line', async (t) => {
  const { rotations } = await read({
    '/etc/logrotate.conf': `"/var/log/with space/*.log" '/var/log/it''s' /var/log/a\\ b.log {
      missingok
    }
    /var/log/two/audit.log{ rotate 2
}
    /var/log/tight.log {rotate 3
    }`,
  });
  t.deepEqual(
    rotations.map(({ patterns }) => patterns),
    [
      ['/var/log/with space/*.log', '/var/log/its', '/var/log/a b.log'],
      ['/var/log/two/audit.log'],
      ['/var/log/tight.log'],
    ],
  );
  t.is(rotationFor('/var/log/with space/audit.log', rotations)?.rotate, 0);
  t.is(rotationFor('/var/log/two/audit.log', rotations)?.rotate, 2);
  t.is(rotationFor('/var/log/tight.log', rotations)?.rotate, 3);
});

test('what cannot be read is named, a circle of includes ends, and a pattern that means nothing matches nothing', async (t) => {
  const { rotations, unreadable } = await read({
    '/etc/logrotate.conf': 'include /etc/secret\ninclude /etc/logrotate.conf\n/var/log/[ {\nrotate 1\n}\n~/x.log { }\n',
  });
  t.true(unreadable.includes('/etc/secret'));
  t.is(rotationFor('/var/log/[', rotations), undefined);
});

const NOW = new Date('2026-11-23T09:15:40Z');
const names: readonly (readonly [string, string, string])[] = [
  ['', '/var/log/audit.log', '/var/log/audit.log.1'],
  ['dateext', '/var/log/audit.log', '/var/log/audit.log-20261123'],
  ['dateext\ndateformat .%Y-%m-%dT%H', '/var/log/audit.log', '/var/log/audit.log.2026-11-23T09'],
  ['dateext\nextension .log', '/var/log/audit.log', '/var/log/audit-20261123.log'],
  ['olddir old', '/var/log/audit.log', '/var/log/old/audit.log.1'],
  ['olddir /srv/old', '/var/log/audit.log', '/srv/old/audit.log.1'],
];

for (const [options, log, expected] of names) {
  test(`a log under "${options.replaceAll('\n', ', ')}" is rotated to ${expected}`, async (t) => {
    const { rotations } = await read({ '/etc/logrotate.conf': `${log} {\n${options}\n}\n` });
    t.is(rotatedPath(log, rotations[0] as Rotation, NOW), expected);
  });
}
