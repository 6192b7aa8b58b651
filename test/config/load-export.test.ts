import test from 'ava';
import { LEAST, load, loadExported, refusal } from '../support/config.js';

async function told(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { message } = await refusal(yaml, env, loadExported);
  return message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

test('a site is enough: everything else has a default', async (t) => {
  t.deepEqual(await loadExported('export: { sites: [{ name: default }] }'), {
    export: {
      directory: '/var/log/openemr-audit',
      sites: [
        {
          name: 'default',
          host: 'localhost',
          port: 3306,
          socket: undefined,
          database: 'openemr',
          user: 'openemr-audit-export',
          passwordFile: undefined,
          tls: undefined,
        },
      ],
      startAt: { kind: 'beginning' },
      disclosures: true,
      pollMs: 1000,
      settleMs: 30_000,
      examineMs: 60_000,
      keepMs: 30 * 86_400_000,
      maxBytes: 10 * 2 ** 30,
      rotateBytes: 64 * 2 ** 20,
    },
    log: { level: 'info', format: 'auto', debug: [] },
  });
});

test('the file overrides the defaults, for each site separately', async (t) => {
  const { export: exported, log } = await loadExported(`
export:
  directory: /srv/audit
  sites:
    - { name: north, socket: /run/mysqld.sock, passwordFile: north-password }
    - name: south
      host: db.example
      port: 3307
      database: emr_south
      user: reader
      passwordFile: /etc/password
      tls: { ca: /tls/ca.pem, cert: /tls/cert.pem, key: /tls/key.pem, verify: chain }
  startAt: 2026-11-23
  disclosures: false
  poll: 100ms
  settle: 1h
  examine: 5m
  keep: 1d
  maxBytes: 64MiB
  rotate: 1MiB
log: { level: debug, format: json }
`);

  const [north, south] = exported.sites;
  t.like(north, { socket: '/run/mysqld.sock', passwordFile: 'north-password', host: 'localhost', tls: undefined });
  t.deepEqual(south, {
    name: 'south',
    host: 'db.example',
    port: 3307,
    socket: undefined,
    database: 'emr_south',
    user: 'reader',
    passwordFile: '/etc/password',
    tls: { ca: '/tls/ca.pem', cert: '/tls/cert.pem', key: '/tls/key.pem', verify: 'chain' },
  });
  t.like(exported, { directory: '/srv/audit', disclosures: false, pollMs: 100, settleMs: 3_600_000 });
  t.like(exported, { examineMs: 300_000, keepMs: 86_400_000, maxBytes: 64 * 2 ** 20, rotateBytes: 2 ** 20 });
  t.deepEqual(exported.startAt, { kind: 'date', date: '2026-11-23' });
  t.deepEqual(log, { level: 'debug', format: 'json', debug: [] });
});

test('it cannot be changed, however deep', async (t) => {
  const { export: exported } = await loadExported('export: { sites: [{ name: a, tls: { verify: name } }] }');
  for (const part of [exported, exported.sites, exported.sites[0], exported.sites[0]?.tls, exported.startAt]) {
    t.true(Object.isFrozen(part));
  }
});

for (const tls of ['ca: /ca.pem', 'cert: /c.pem, key: /k.pem', 'verify: name']) {
  test(`whoever writes ${tls} means TLS, with the name checked`, async (t) => {
    const { export: exported } = await loadExported(`export: { sites: [{ name: a, tls: { ${tls} } }] }`);
    t.is(exported.sites[0]?.tls?.verify, 'name');
  });
}

test('a variable overrides the file, and those of the agent are ignored', async (t) => {
  const env = { OAF_EXPORT_DIRECTORY: '/srv/a', OAF_EXPORT_MAX_BYTES: '1GiB', OAF_JOURNAL_MAX_BYTES: 'nonsense' };
  const { export: exported } = await loadExported('export: { directory: /b, sites: [{ name: a }] }', env);
  t.like(exported, { directory: '/srv/a', maxBytes: 2 ** 30 });
});

test('faults in sections that only the agent reads are not reported', async (t) => {
  const { export: exported } = await loadExported(`
sources: none
collectors: [{ hots: a }]
tls: { verify: "off" }
journal: { maxBytes: 1 }
export: { sites: [{ name: default }] }
`);
  t.is(exported.sites[0]?.name, 'default');
});

const faults: [title: string, yaml: string, expected: string[]][] = [
  [
    'a file of the agent alone has no site to export',
    LEAST,
    ['export.sites: missing; expected at least one, such as [{ name: default }]'],
  ],
  [
    'a misspelt section is told beside the missing site',
    'exprot: { sites: [{ name: a }] }',
    [
      'line 1: exprot: no such key; did you mean export?',
      'export.sites: missing; expected at least one, such as [{ name: default }]',
    ],
  ],
  [
    'each fault of a site is told with its line',
    'export:\n  sites:\n    - name: a\n      prot: 1\n      tls:\n        verify: none\n        cert: /c\n    - name: a\n      passwordFile: ../x\n',
    [
      'line 4: export.sites[0].prot: no such key; did you mean port?',
      'line 6: export.sites[0].tls.verify: expected one of: name, chain; got none',
      'line 7: export.sites[0].tls.cert: key is missing; expected both or none',
      'line 8: export.sites[1].name: a is already used by export.sites[0]',
      'line 9: export.sites[1].passwordFile: expected an absolute path, or the name of a credential (LoadCredential=) of the unit; got ../x',
    ],
  ],
  [
    'a place to begin that is none is refused',
    'export: { sites: [{ name: a }], startAt: yesterday }',
    ['line 1: export.startAt: expected beginning, end, a date such as 2026-11-23, or the id of a row; got yesterday'],
  ],
  [
    'limits are kept',
    'export: { sites: [{ name: a }], poll: 1ms, rotate: 1KiB }',
    [
      'line 1: export.poll: expected a duration with its unit, such as 10s or 15m, at least 100ms; got 1ms',
      'line 1: export.rotate: expected a size with its unit, such as 8MiB, at least 1MiB; got 1KiB',
    ],
  ],
  [
    'what is no YAML is told alone',
    'export: [\n',
    [
      'line 2: column 1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ],
];
for (const [title, yaml, expected] of faults) {
  test(title, async (t) => t.deepEqual(await told(yaml), expected));
}

test('a variable that nothing reads is reported', async (t) => {
  t.deepEqual(await told('export: { sites: [{ name: a }] }', { OAF_EXPORT_DIRECTRY: '/x' }), [
    'OAF_EXPORT_DIRECTRY: no such variable; did you mean OAF_EXPORT_DIRECTORY?',
  ]);
});

test('the error says how to look again without an export', async (t) => {
  const { hint } = await refusal(LEAST, {}, loadExported);
  t.regex(hint ?? '', /export --grants --config \/etc\/test\.yaml/);
});

test('the agent needs no site, and reports the faults of those that there are', async (t) => {
  await t.notThrowsAsync(load(`${LEAST}\nexport: { directory: /srv/audit, sites: [] }`));
  const { message } = await refusal(`${LEAST}\nexport: { sites: [{ name: a }, { name: a, port: 0 }] }`);
  t.regex(message, /export\.sites\[1\]\.name: a is already used by export\.sites\[0\]/);
  t.regex(message, /export\.sites\[1\]\.port: expected a port number/);
});

test('files that cannot rotate within maxBytes are refused', async (t) => {
  t.deepEqual(await told('export: { sites: [{ name: a }], maxBytes: 64MiB }'), [
    'line 1: export.rotate: expected at most half of export.maxBytes; lower it or raise export.maxBytes',
  ]);
  t.deepEqual((await loadExported('export: { sites: [{ name: a }], maxBytes: 128MiB }')).export.rotateBytes, 2 ** 26);
});

test('a site whose file would be that of another’s disclosures is refused, but only then', async (t) => {
  const both = 'export: { sites: [{ name: clinic.disclosures }, { name: clinic }]';
  t.deepEqual(await told(`${both} }`), [
    'line 1: export.sites[0].name: clinic.disclosures.log is also the file of the disclosures of clinic; export one of the two sites with a configuration of its own and another export.directory, or set export.disclosures: false',
  ]);
  await t.notThrowsAsync(loadExported(`${both}, disclosures: false }`));
  await t.notThrowsAsync(loadExported('export: { sites: [{ name: clinic.disclosures }, { name: other }] }'));
});
