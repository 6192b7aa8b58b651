/**
 * Every key of the configuration file: what it may be, what it is when left
 * out, and what it is for. The order is that of config/config.yaml.
 */
import { choice, key, optional, optionalChoice, required, type Values } from './key.js';

const source = {
  name: required('name', 'Goes out with each message as its source: which clinic, which site.'),
  paths: required(
    'globs',
    'The log files to follow, absolute: globs with *, ** and {a,b}. Files that appear later are found, too.',
    { min: '1' },
  ),
  exclude: key('globs', [], 'Globs of files to leave alone, although paths match them.'),
  format: choice(
    ['openemr', 'openemr-tsv', 'text'],
    'openemr',
    'openemr: a JSON object a line. openemr-tsv: what mysql --batch prints, with its heading. text: a line of any kind is a message.',
  ),
  startAt: choice(
    ['beginning', 'end'],
    'beginning',
    'beginning: all that is in the files and in their rotated parts. end: what is there when this source is started for the first time is not sent.',
  ),
  rotated: key(
    'globs',
    [],
    'Globs of rotated files; needed only if they lie elsewhere than beside the file, or under a name that begins otherwise.',
  ),
  site: key('site', '', "OpenEMR's site; left out: from sites/NAME/ in the file's path."),
  timeZone: optional('zone', "The zone of times that are written without offset; left out: this machine's zone."),
  partialLineTimeout: optional(
    'duration',
    'A last line without newline is sent after this; left out: 10m for openemr, 10s for text.',
    { min: '1s', max: '1d' },
  ),
  maxLineBytes: key('size', '1MiB', 'A longer line is taken in parts of this size. Nothing is dropped.', {
    min: '1KiB',
    max: '16MiB',
  }),
};

const site = {
  name: key('name', 'default', "OpenEMR's site, as in its sites directory; the log files are named after it."),
  host: key('host', 'localhost', 'The host of its database.'),
  port: key('port', '3306', 'And its port.'),
  socket: optional('path', "The database server's socket on this machine, instead of host and port."),
  database: key('text', 'openemr', "The database's name."),
  user: key('text', 'openemr-audit-export', 'The account, which may read the audit tables: see export --grants.'),
  passwordFile: optional(
    'credential',
    'A file that holds its password, or the name of a credential of the unit; left out: there is none.',
  ),
  tls: {
    ca: optional('path', 'The authority of the database server (PEM); left out: those that Node.js knows.'),
    cert: optional('path', 'A certificate for the account, if it must bring one (PEM).'),
    key: optional('path', 'Its private key (PEM).'),
    verify: optionalChoice(
      ['name', 'chain'],
      'name: the certificate bears the host. chain: any certificate of the authority. Left out: name. ' +
        'Any key of tls turns TLS on.',
    ),
  },
};

const collector = {
  host: required('host', "The collector's name as in its certificate, or its address."),
  port: key('port', '6514', 'RFC 5425 says 6514.'),
};

/** For TLS 1.2: what RFC 9325 section 4.2 recommends, and RFC 9662 section 4 wants preferred. */
export const DEFAULT_CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384';

export const schema = {
  sources: [source] as const,
  message: {
    profile: choice(
      ['plain', 'atna'],
      'plain',
      "plain: OpenEMR's own line, with its fields as structured data. atna: an audit message of DICOM's, as IHE ITI-20 has it.",
    ),
    facility: key('facility', 'authpriv', 'The syslog facility, a name or a number.'),
    hostname: optional('hostname', "HOSTNAME of the messages; left out: this machine's full name."),
    appName: key('appName', 'openemr', 'APP-NAME of the messages.'),
    maxBytes: optional(
      'size',
      'A longer message is sent in numbered parts; left out: 8KiB, which each receiver should take (RFC 5425 section 4.3.1). ' +
        'With atna the comments are shortened instead; left out: 32KiB (DICOM PS3.15 section A.6).',
      { min: '2KiB', max: '16MiB' },
    ),
    heartbeat: key(
      'duration',
      '15m',
      'How often the agent sends a message of its own, so that silence is an alarm at the collector. 0s: never.',
      { max: '1d' },
    ),
    enterpriseId: key(
      'enterpriseId',
      '32473',
      "Your private enterprise number, for the names of structured data. 32473 is IANA's number for examples.",
    ),
    comments: optionalChoice(
      ['encoded', 'decoded', 'omit'],
      "OpenEMR's comments and notes, and what API calls sent and got: patients' particulars are among them. " +
        'encoded: as stored. decoded: as text. omit: not at all. Left out: encoded, with atna omit.',
    ),
    include: key(
      'filters',
      [],
      'Rows that go out, by event, category or user, with * for any text; the default is all. ' +
        'What is left out is counted. Lines that are not understood always go out.',
    ),
    exclude: key('filters', [], 'Rows that do not, although include has them: such as [event=http-request-*].'),
    redact: key(
      'patterns',
      [],
      'Regular expressions as RE2 knows them: what they match in comments, notes and lines of text becomes [redacted]. Case does not matter.',
    ),
    bom: key('switch', 'true', 'Begin a text beyond ASCII with a byte order mark, as RFC 5424 section 6.4 asks.'),
  },
  collectors: [collector] as const,
  tls: {
    ca: optional('path', 'The certificate authority, or several in one file, whose collectors are trusted (PEM).'),
    cert: optional('path', "This agent's certificate, with those between it and the authority behind it (PEM)."),
    key: optional('path', "The certificate's private key (PEM); left out: it stands in the file of cert."),
    p12: optional('path', 'Certificate and key as PKCS#12, instead of cert and key.'),
    passphraseFile: optional(
      'path',
      'A file with the passphrase of key or p12 in its first line; left out: there is none.',
    ),
    crl: optional('path', 'Certificates that the authority has revoked (PEM); left out: none are known.'),
    minVersion: choice(['TLSv1.2', 'TLSv1.3'], 'TLSv1.2', 'TLS 1.3 is taken where the collector offers it.'),
    verify: choice(
      ['name', 'fingerprint', 'chain', 'insecure'],
      'name',
      'How the collector is known. name: its certificate bears its host name. fingerprint: it is one of fingerprints. ' +
        "chain: any certificate of the authority. insecure: not at all, and the agent's log says so every hour.",
    ),
    fingerprints: key('fingerprints', [], 'For verify: fingerprint.'),
    purpose: choice(
      ['server', 'any'],
      'server',
      "For verify: name and chain. any: the collector's certificate may be meant for other purposes than servers " +
        '(IHE ITI-19 demands no extended key usage); everything else about it must be right.',
    ),
    commonName: key(
      'switch',
      'false',
      "For verify: name. true: the common name counts if the collector's certificate has no other name. " +
        'Such certificates are long out of use (RFC 9525).',
    ),
    serverName: optional('host', "The name in the collector's certificate; left out: its host."),
    ciphers: key(
      'ciphers',
      DEFAULT_CIPHERS,
      'For TLS 1.2, as OpenSSL lists them (RFC 9325 section 4.2). All suites of TLS 1.3 are offered in any case.',
    ),
  },
  journal: {
    directory: key(
      'path',
      '/var/lib/openemr-audit-forwarder',
      'What is not yet acknowledged is kept here. Not on a network file system.',
    ),
    maxBytes: key('size', '4GiB', 'How much is kept before reading waits for the collector.', { min: '16MiB' }),
    whenFull: choice(
      ['wait', 'drop-oldest'],
      'wait',
      'wait: reading stops until there is room, and nothing is lost. drop-oldest: the oldest messages are dropped, counted, and the collector is told.',
    ),
    keepFree: key('share', '10%', 'Less than this free on the volume counts as full.', { max: '90%' }),
  },
  delivery: {
    epochBytes: key('size', '4MiB', 'The collector is asked to acknowledge after this much,', {
      min: '64KiB',
      max: '64MiB',
    }),
    epochInterval: key('duration', '30s', 'or after this long, whichever comes first.', { min: '1s', max: '10m' }),
    acknowledge: choice(
      ['auto', 'close-notify', 'fin', 'window'],
      'auto',
      'What counts as an acknowledgement. auto: the strongest that the collector is seen to give. ' +
        'close-notify, fin, window: this one, whatever is seen.',
    ),
    window: key(
      'duration',
      '30s',
      'For a collector that never answers: how long a connection must stay up before what went over it counts as taken.',
      { min: '1s', max: '10m' },
    ),
  },
  receipts: {
    keep: key('duration', '400d', 'How long it is kept when each line went, to whom, and how well that is proven.', {
      min: '1d',
    }),
  },
  status: {
    listen: key(
      'listen',
      '127.0.0.1:9614',
      "Where a page, /metrics for Prometheus, /healthz and /status.json are, for this machine's users only unless the address says otherwise. off: nowhere.",
    ),
  },
  log: {
    level: choice(
      ['error', 'warning', 'notice', 'info', 'debug'],
      'info',
      'How much the agent says of itself: error, warning, notice, info or debug.',
    ),
    format: choice(
      ['auto', 'text', 'json', 'journald'],
      'auto',
      "auto: for systemd's journal when it listens, else text. Also: text, json, journald.",
    ),
    debug: key('logParts', [], 'Parts that say more than level lets through, such as [link, source].'),
  },
  export: {
    directory: key('path', '/var/log/openemr-audit', 'Where the log files are written. A source must follow them.'),
    sites: [site] as const,
    startAt: key(
      'startAt',
      'beginning',
      'Where the first run begins: beginning, end, a date such as 2026-11-23, or the id of a row. Later runs go on where the files end.',
    ),
    disclosures: key('switch', 'true', 'Export the table of disclosures (extended_log), too, into files of its own.'),
    poll: key('duration', '1s', 'How often a table that had nothing new is looked at.', { min: '100ms' }),
    settle: key('duration', '30s', 'How long a row that is missing in the order of ids is waited for.', {
      min: '1s',
      max: '1h',
    }),
    examine: key('duration', '60s', 'How often the rows that went last are compared with what the table says now.', {
      min: '1s',
    }),
    keep: key('duration', '30d', 'Rotated files that are older are deleted.', { min: '1d' }),
    maxBytes: key(
      'size',
      '10GiB',
      'How much all files may hold; beyond it nothing is written, and the database keeps the rows.',
      { min: '64MiB' },
    ),
    rotate: key('size', '64MiB', 'A file is rotated before it grows beyond this, and with each day (UTC).', {
      min: '1MiB',
    }),
  },
};

export type FileValues = Values<typeof schema>;
