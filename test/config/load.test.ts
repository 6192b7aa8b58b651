import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig, thisHost } from '../../src/config/load.js';
import { AgentError } from '../../src/lib/errors.js';
import { LEAST, load, refusal } from '../support/config.js';

/** What is said of each fault, in order. */
async function told(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  return (await refusal(yaml, env)).message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

test('sources, collectors and tls are enough: everything else has a default', async (t) => {
  const config = await load(LEAST);

  t.deepEqual(config, {
    file: '/etc/test.yaml',
    sources: [
      {
        name: 'main',
        paths: ['/var/log/audit.log'],
        exclude: [],
        format: 'openemr',
        startAt: 'beginning',
        rotated: [],
        site: '',
        timeZone: 'Europe/Berlin',
        timeZoneGuessed: true,
        partialLineTimeoutMs: 600_000,
        maxLineBytes: 1_048_576,
      },
    ],
    message: {
      profile: 'plain',
      facility: 10,
      hostname: 'emr.test.example',
      appName: 'openemr',
      maxBytes: 8192,
      heartbeatMs: 900_000,
      enterpriseId: '32473',
      bom: true,
      comments: 'encoded',
      include: [],
      exclude: [],
      redact: [],
    },
    collectors: [{ host: 'hie.example.org', port: 6514 }],
    tls: {
      ca: '/tls/ca.pem',
      cert: '/tls/cert.pem',
      key: '/tls/key.pem',
      p12: undefined,
      passphraseFile: undefined,
      crl: undefined,
      minVersion: 'TLSv1.2',
      verify: 'name',
      fingerprints: [],
      purpose: 'server',
      commonName: false,
      serverName: undefined,
      ciphers:
        'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
    },
    journal: { directory: '/var/lib/openemr-audit-forwarder', maxBytes: 4 * 2 ** 30, whenFull: 'wait', keepFree: 0.1 },
    delivery: { epochBytes: 4 * 2 ** 20, epochIntervalMs: 30_000, acknowledge: 'auto', windowMs: 30_000 },
    receipts: { keepMs: 400 * 86_400_000 },
    seal: { sign: 'on', cert: undefined, key: undefined },
    status: { listen: { host: '127.0.0.1', port: 9614 } },
    log: { level: 'info', format: 'auto', debug: [] },
  });
});

test('a host name with letters of other scripts becomes the A-labels that DNS and certificates have', async (t) => {
  const config = await load(`
sources: [{ name: main, paths: [/a.log] }]
collectors: [{ host: hôpital.example }]
tls: { ca: /tls/ca.pem, cert: /tls/cert.pem, key: /tls/key.pem }
`);
  t.deepEqual(config.collectors, [{ host: 'xn--hpital-ixa.example', port: 6514 }]);
});

test('a configuration cannot be changed, however deep', async (t) => {
  const config = await load(LEAST);
  for (const part of [
    config,
    config.sources,
    config.sources[0],
    config.sources[0]?.paths,
    config.tls,
    config.collectors,
  ]) {
    t.true(Object.isFrozen(part));
  }
});

test('the file overrides the defaults', async (t) => {
  const config = await load(`
sources:
  - { name: web, paths: /var/log/a.log, format: text, timeZone: America/New_York, startAt: end, site: 007 }
  - { name: emr, paths: ["/var/**/*.log", "/srv/{a,b}.log"], partialLineTimeout: 3m, maxLineBytes: 64KiB }
message: { facility: local4, hostname: emr, maxBytes: 128KiB, heartbeat: 0s, enterpriseId: 1.2, bom: false }
collectors: [{ host: "2001:db8::7", port: 601 }, { host: b.example }]
tls:
  verify: fingerprint
  fingerprints: ["SHA-256:${'ab:'.repeat(31)}cd"]
  p12: /tls/agent.p12
  minVersion: TLSv1.3
journal: { directory: /srv/journal, maxBytes: 1GiB, keepFree: 5% }
delivery: { epochBytes: 64KiB, epochInterval: 1s, acknowledge: fin, window: 5s }
log: { level: debug, format: json }
`);

  t.like(config.sources[0], { format: 'text', paths: ['/var/log/a.log'], partialLineTimeoutMs: 10_000, site: '007' });
  t.like(config.sources[0], { timeZone: 'America/New_York', timeZoneGuessed: false, startAt: 'end' });
  t.like(config.sources[1], {
    paths: ['/var/**/*.log', '/srv/{a,b}.log'],
    partialLineTimeoutMs: 180_000,
    maxLineBytes: 65_536,
  });
  t.like(config.message, {
    facility: 20,
    hostname: 'emr',
    maxBytes: 131_072,
    heartbeatMs: 0,
    enterpriseId: '1.2',
    bom: false,
  });
  t.deepEqual(config.collectors, [
    { host: '2001:db8::7', port: 601 },
    { host: 'b.example', port: 6514 },
  ]);
  t.like(config.tls, { verify: 'fingerprint', p12: '/tls/agent.p12', minVersion: 'TLSv1.3', ca: undefined });
  t.deepEqual(config.tls.fingerprints, [`sha-256:${'AB:'.repeat(31)}CD`]);
  t.deepEqual(config.journal, { directory: '/srv/journal', maxBytes: 2 ** 30, whenFull: 'wait', keepFree: 0.05 });
  t.deepEqual(config.delivery, { epochBytes: 65_536, epochIntervalMs: 1000, acknowledge: 'fin', windowMs: 5000 });
  t.deepEqual(config.log, { level: 'debug', format: 'json', debug: [] });
});

test('an empty section counts as left out', async (t) => {
  t.deepEqual(await load(`${LEAST}\nmessage:\nlog:\n  level:\n`), await load(LEAST));
});

test('all faults are reported at once, in the order of the file, each with its line', async (t) => {
  const faults = await told(`sources:
  - name: main
    paths: [relative.log]
    maxLineBites: 1MiB
  - name: main
    paths: [/a.log]
message:
  maxBytes: 1KiB
  heartbeat: 15
maxLineBytes: 1MiB
collectors:
  - { host: "https://hie.example.org", port: 70000 }
tls:
  ca: ca.pem
log: loud
`);

  t.deepEqual(faults, [
    'line 3: sources[0].paths: expected a list of absolute paths or globs, such as ["/var/log/openemr-audit/*.log"]; got ["relative.log"]',
    'line 4: sources[0].maxLineBites: no such key; did you mean maxLineBytes?',
    'line 5: sources[1].name: main is already used by sources[0]',
    'line 8: message.maxBytes: expected a size with its unit, such as 8MiB, from 2KiB to 16MiB; got 1KiB',
    'line 9: message.heartbeat: expected a duration with its unit, such as 10s or 15m, at most 1d; got 15',
    'line 10: maxLineBytes: no such key here; did you mean sources[].maxLineBytes?',
    'line 12: collectors[0].host: expected a host name or an IP address, without scheme or port, such as hie.example.org; got https://hie.example.org',
    'line 12: collectors[0].port: expected a port number from 1 to 65535; got 70000',
    "line 13: tls.cert: missing; expected the file of this agent's certificate, or p12",
    'line 14: tls.ca: expected an absolute path; got ca.pem',
    'line 15: log: expected keys and their values: level, format, debug',
  ]);
});

test('the error names the file, how many faults it has, and how to look again', async (t) => {
  const one = await refusal(`${LEAST}\nlogs: {}\n`);
  const two = await refusal(`${LEAST}\nlogs: {}\nfoo: 1\n`);

  t.is(one.code, 'configuration');
  t.true(one.message.startsWith('/etc/test.yaml: a fault in the configuration\n'));
  t.true(two.message.startsWith('/etc/test.yaml: 2 faults in the configuration\n'));
  t.regex(one.hint ?? '', /check --offline --config \/etc\/test\.yaml/);
});

const faults: [title: string, yaml: string, expected: RegExp][] = [
  [
    'an empty file misses sources, collectors and tls',
    '',
    /^sources: missing.*collectors: missing.*tls\.ca: missing.*tls\.cert: missing/,
  ],
  [
    'a file that is a list is not a configuration',
    '- a\n- b\n',
    /^line 1: expected keys and their values: sources, message/,
  ],
  [
    'a source without paths is told with its line',
    LEAST.replace(', paths: [/var/log/audit.log]', ''),
    /^line 3: sources\[0\]\.paths: missing; expected a list/,
  ],
  [
    'a source with an empty list of paths is refused',
    LEAST.replace('[/var/log/audit.log]', '[]'),
    /sources\[0\]\.paths: expected a list.*got \[\]/,
  ],
  [
    'sources that are no list are refused once',
    LEAST.replace('- { name', '{ name'),
    /^line 2: sources: expected a list; each element begins with '- '$/,
  ],
  [
    'a list where one value belongs is refused',
    `${LEAST}\nlog: { level: [info] }`,
    /log\.level: expected one of: error, .*; got \["info"\]$/,
  ],
  [
    'keys where one value belongs are refused',
    `${LEAST}\nlog: { level: { a: { b: 1 } } }`,
    /log\.level: expected a single value or a list of them$/,
  ],
  ['yes is not true', `${LEAST}\nmessage: { bom: yes }`, /message\.bom: expected true or false; got yes$/],
  [
    'an unknown time zone is refused',
    LEAST.replace('name: main,', 'name: main, timeZone: Mars/Phobos,'),
    /timeZone: expected a time zone.*Mars/,
  ],
  [
    'an offset is no time zone',
    LEAST.replace('name: main,', 'name: main, timeZone: "+02:00",'),
    /timeZone: expected a time zone/,
  ],
  [
    'a collector that stands twice is refused',
    LEAST.replace('- { host: hie.example.org }', '[{ host: a }, { host: a, port: 6514 }]'),
    /^line 5: collectors\[1\]: a:6514 is already used by collectors\[0\]$/,
  ],
  [
    'p12 and cert exclude each other',
    LEAST.replace('ca:', 'p12: /a.p12, ca:'),
    /tls\.cert: p12 already contains.*tls\.key: p12 already contains/,
  ],
  [
    'verify: fingerprint wants fingerprints',
    LEAST.replace('ca:', 'verify: fingerprint, ca:'),
    /tls\.fingerprints: missing/,
  ],
  [
    'a fingerprint of the wrong length is refused',
    LEAST.replace('ca:', 'fingerprints: ["sha-256:AB:CD"], ca:'),
    /tls\.fingerprints: expected a list of certificate fingerprints/,
  ],
  [
    'verify cannot be switched off by another word',
    LEAST.replace('ca:', 'verify: "off", ca:'),
    /tls\.verify: expected one of: name, fingerprint, chain, insecure; got off$/,
  ],
  [
    'an application name with a space is refused',
    `${LEAST}\nmessage: { appName: open emr }`,
    /message\.appName: .*RFC 5424.*got "open emr"$/,
  ],
];
/** Key, values that RFC 5424 has room for, and values that it has not. */
const LIMITS: [key: string, taken: string[], refused: string[]][] = [
  ['hostname', ['h'.repeat(255), '2001:db8::7', '"!~"'], ['h'.repeat(256), '"a b"', '"é"', '"a\\tb"']],
  ['appName', ['a'.repeat(48), '"[x]"'], ['a'.repeat(49), '"open emr"', '"ä"']],
  [
    'enterpriseId',
    ['1', `"${'9'.repeat(26)}"`, '32473.1.2'],
    [`"${'9'.repeat(27)}"`, '0', '"32473."', 'x', '-1', '"1]"'],
  ],
  ['facility', ['0', '23', 'local7'], ['24', '-1', 'mail2']],
];
for (const [key, taken, refused] of LIMITS) {
  test(`message.${key} takes what the header of a message can hold, and no more`, async (t) => {
    for (const value of taken) await t.notThrowsAsync(load(`${LEAST}\nmessage: { ${key}: ${value} }`), value);
    for (const value of refused) {
      const found = await told(`${LEAST}\nmessage: { ${key}: ${value} }`);
      t.is(found.length, 1);
      t.regex(found[0]!, new RegExp(`^line 9: message\\.${key}: expected .*; got `), value);
    }
  });
}

for (const [title, yaml, expected] of faults) {
  test(title, async (t) => t.regex((await told(yaml)).join(' '), expected));
}

test('names of JavaScript’s own properties are not keys', async (t) => {
  const found = await told(`${LEAST}\n__proto__: { log: 1 }\nconstructor: { prototype: 1 }\nlog: { toString: 1 }\n`);
  t.deepEqual(found, [
    'line 9: __proto__: no such key',
    'line 10: constructor: no such key',
    'line 11: log.toString: no such key',
  ]);
});

const listeners: [text: string, listen: { host: string; port: number } | undefined][] = [
  ['', { host: '127.0.0.1', port: 9614 }],
  ['status: { listen: "127.0.0.1:80" }', { host: '127.0.0.1', port: 80 }],
  ['status: { listen: "[::1]:9614" }', { host: '::1', port: 9614 }],
  ['status: { listen: "0.0.0.0:9614" }', { host: '0.0.0.0', port: 9614 }],
  ['status: { listen: off }', undefined],
];
for (const [text, listen] of listeners) {
  test(`the status listens at ${listen === undefined ? 'no port' : `${listen.host} ${listen.port}`} with ${text || 'nothing said'}`, async (t) => {
    t.deepEqual((await load(`${LEAST}\n${text}`)).status.listen, listen);
  });
}

for (const listen of [
  '9614',
  'localhost',
  'localhost:9614',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '::1:9614',
  'http://127.0.0.1:9614',
]) {
  test(`the status cannot listen at ${listen}`, async (t) => {
    t.regex(
      (await told(`${LEAST}\nstatus: { listen: "${listen}" }`)).join(' '),
      /status\.listen: expected an address and a port/,
    );
  });
}

test('log.debug accepts only parts that exist', async (t) => {
  t.deepEqual((await load(`${LEAST}\nlog: { debug: [link, source] }`)).log.debug, ['link', 'source']);
  t.regex(
    (await told(`${LEAST}\nlog: { debug: [links] }`)).join(' '),
    /log\.debug: expected a list of parts: source, /,
  );
});

test('atna has its own defaults, and requires what IHE fixes', async (t) => {
  const { message } = await load(`${LEAST}\nmessage: { profile: atna }`);
  t.like(message, { maxBytes: 32_768, facility: 10, comments: 'omit' });
  t.is((await load(`${LEAST}\nmessage: { profile: atna, comments: encoded }`)).message.comments, 'encoded');
  t.deepEqual(await told(`${LEAST}\nmessage:\n  profile: atna\n  facility: local4\n  maxBytes: 4KiB`), [
    'line 11: message.facility: atna is always sent as authpriv (IHE ITI-20); remove this key',
    'line 12: message.maxBytes: expected at least 8KiB with atna, whose messages are never sent in parts',
  ]);
});

test('filters and patterns that could match nothing are refused', async (t) => {
  const { message } = await load(`${LEAST}\nmessage: { include: [event=login], redact: ['\\d{9}'] }`);
  t.like(message, { include: ['event=login'], redact: ['\\d{9}'] });
  t.regex(
    (await told(`${LEAST}\nmessage: { exclude: [login] }`)).join(' '),
    /message\.exclude: expected a list of event=/,
  );
  t.regex(
    (await told(`${LEAST}\nmessage: { redact: ['(a'] }`)).join(' '),
    /message\.redact: expected a list of regular/,
  );
  t.regex(
    (await told(`${LEAST}\nmessage: { redact: ['(?<=ssn )\\d+'] }`)).join(' '),
    /message\.redact: expected .*\(no look-around/,
  );
});

test('a table whose heading would be skipped is refused', async (t) => {
  const yaml = LEAST.replace('name: main,', 'name: main, format: openemr-tsv, startAt: end,');
  t.regex((await told(yaml)).join(' '), /sources\[0\]\.startAt: openemr-tsv begins with a header line/);
});

test('invalid YAML is reported by line, and alone', async (t) => {
  t.deepEqual(await told('sources:\n  - name: main\n paths: x\nfoo: bar\n'), [
    'line 3: this line is indented by 1 space, the lines above by 2',
  ]);
  t.regex(
    (await told('log: {level: info}\nlog: {level: debug}\n'))[0] ?? '',
    /^line 2: column 1: not valid YAML: the key \S+ is here a second time/,
  );
});

test('for a glob that YAML takes for an alias, the error says how to write it', async (t) => {
  t.regex((await told(LEAST.replace('[/var/log/audit.log]', '*.log')))[0] ?? '', /\* in quotes/);
});

test('aliases are refused, so that a small file cannot grow without limit', async (t) => {
  t.regex(
    (await told(`${LEAST}\nmessage: { hostname: &a x, appName: *a }`))[0] ?? '',
    /message\.appName: aliases \(\*\) are not supported/,
  );
});

test('a variable overrides the file, and is read in the same way', async (t) => {
  const env = {
    OAF_JOURNAL_DIRECTORY: '/srv/j',
    OAF_JOURNAL_MAX_BYTES: '1GiB',
    OAF_MESSAGE_BOM: 'false',
    OAF_MESSAGE_FACILITY: '16',
    OAF_TLS_CA: '/other/ca.pem',
    OAF_TLS_FINGERPRINTS: `sha-1:${'00:'.repeat(19)}ff, sha-1:${'11:'.repeat(19)}ee`,
    PATH: '/bin',
  };
  const config = await load(`${LEAST}\njournal: { directory: /from/file, keepFree: 1% }`, env);

  t.like(config.journal, { directory: '/srv/j', maxBytes: 2 ** 30, keepFree: 0.01 });
  t.like(config.message, { bom: false, facility: 16 });
  t.is(config.tls.ca, '/other/ca.pem');
  t.is(config.tls.fingerprints.length, 2);
});

test('a variable that is set to nothing counts as not set', async (t) => {
  t.deepEqual(await load(LEAST, { OAF_TLS_CA: '', OAF_COLLECTORS: '', OAF_FOO: '' }), await load(LEAST));
});

test('collectors can come from a variable', async (t) => {
  const config = await load(LEAST, { OAF_COLLECTORS: 'a.example:601, [2001:db8::7]:602,2001:db8::8,b.example' });
  t.deepEqual(config.collectors, [
    { host: 'a.example', port: 601 },
    { host: '2001:db8::7', port: 602 },
    { host: '2001:db8::8', port: 6514 },
    { host: 'b.example', port: 6514 },
  ]);
});

const variableFaults: [NodeJS.ProcessEnv, RegExp][] = [
  [{ OAF_LOG_LEVEL: 'loud' }, /^OAF_LOG_LEVEL: expected one of: error, warning, notice, info, debug; got loud$/],
  [{ OAF_JORNAL_DIRECTORY: '/x' }, /^OAF_JORNAL_DIRECTORY: no such variable; did you mean OAF_JOURNAL_DIRECTORY\?$/],
  [{ OAF_SOURCES: '/x' }, /^OAF_SOURCES: no such variable$/],
  [{ OAF_COLLECTORS: 'a:b' }, /^OAF_COLLECTORS: expected a port number from 1 to 65535; got a:b$/],
  [{ OAF_COLLECTORS: 'a:1,' }, /^OAF_COLLECTORS: expected a host name/],
];
for (const [env, expected] of variableFaults) {
  test(`a variable is told by its own name: ${JSON.stringify(env)}`, async (t) => {
    const found = await told(LEAST, env);
    t.is(found.length, 1);
    t.regex(found[0] ?? '', expected);
  });
}

test('OAF_DEBUG is not an unknown variable', async (t) => {
  await t.notThrowsAsync(load(LEAST, { OAF_DEBUG: '1' }));
});

test('a missing file is named by its path, with what to do', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'config-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'config.yaml');

  const missing = await t.throwsAsync(loadConfig(file, {}), { instanceOf: AgentError, code: 'configuration' });
  t.is(missing.message, `cannot read the configuration ${file}: there is no such file`);
  t.regex(missing.hint ?? '', /--config FILE/);

  const wrong = await t.throwsAsync(loadConfig(directory, {}), { instanceOf: AgentError });
  t.is(wrong.message, `cannot read the configuration ${directory}: it is a directory`);
  t.regex(wrong.hint ?? '', new RegExp(`${directory}/config.yaml`));
});

test('a file that this user may not read is reported in words', async (t) => {
  const readFile = () => Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }));
  const closed = await t.throwsAsync(loadConfig('/etc/test.yaml', {}, { ...thisHost, readFile }), {
    instanceOf: AgentError,
    message: 'cannot read the configuration /etc/test.yaml: this user may not read it',
  });
  t.regex(closed.hint ?? '', /^run this as root/);
});

test('the most frequent mistakes in YAML are reported in our own words', async (t) => {
  t.deepEqual(await told('sources:\n\t- name: main\n'), [
    'line 2: column 1: not valid YAML: this line is indented with a tab; YAML allows only spaces',
  ]);
  t.deepEqual(await told('log: {}\n---\nlog: {}\n'), [
    'line 2: column 1: not valid YAML: a second document begins here (---); expected only one',
  ]);
  t.deepEqual(await told('"log": {}\nlog: {}\n'), [
    'line 2: column 1: not valid YAML: the key log is here a second time; merge the two',
  ]);
});

test('a file on this machine is read, with the names of this machine', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'config-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'config.yaml');
  await writeFile(file, LEAST);

  const config = await loadConfig(file, {});

  t.is(config.file, file);
  t.true(config.message.hostname.startsWith(hostname().split('.')[0]!));
  t.is(config.sources[0]?.timeZone, thisHost.timeZone());
});

for (const [yaml, line, indent, above] of [
  ['sources:\n  - name: main\n     paths: [/x]\n', 3, 5, 4],
  ['sources:\n  - name: main\n    paths: [/x]\n   format: text\n', 4, 3, 4],
  ['sources:\n  - name: main\n    paths: [/x]\n - name: second\n    paths: [/y]\n', 4, 1, 2],
  ['tls:\n  ca: /a\n   cert: /b\n', 3, 3, 2],
] as const) {
  test(`a slip of indentation is one fault that counts the spaces: ${indent} below ${above}, line ${line}`, async (t) => {
    const { faults } = await refusal(yaml);
    t.deepEqual(faults, [
      {
        key: '',
        line,
        problem: `this line is indented by ${indent} space${Number(indent) === 1 ? '' : 's'}, the lines above by ${above}`,
      },
    ]);
  });
}
