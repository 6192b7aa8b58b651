/**
 * Every key of the configuration, and all that is known of it. The types of the
 * program's configuration, its defaults, config/config.yaml, config/schema.json,
 * docs/configuration.md and the manual page follow from this list:
 * `npm run docs:config` writes them.
 */
import { choice, dependent, dependentChoice, key, list, optional, required, section } from './key.js';

/** For TLS 1.2: what RFC 9325 section 4.2 recommends, and RFC 9662 section 4 wants preferred. */
export const DEFAULT_CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384';

const sources = list('What to follow: at least one set of log files.', {
  name: required('name', 'Sent with each message as its source: which clinic, which site.', { example: 'main' }),
  paths: required(
    'globs',
    'The log files to follow: absolute paths, or globs with *, ** and {a,b}. Files that appear later are found, too.',
    {
      min: '1',
      example: [
        '/var/log/openemr-audit/*.log',
        '/var/www/localhost/htdocs/openemr/sites/*/documents/logs_and_misc/audit_logs/*.log',
      ],
    },
  ),
  exclude: key('globs', [], 'Globs of files to leave out, although paths match them.', {
    example: ['/var/log/apache2/other_vhosts_access.log'],
  }),
  format: choice(
    ['openemr', 'openemr-tsv', 'text'],
    'openemr',
    'openemr: one JSON object per line. openemr-tsv: the output of mysql --batch, with its header line. text: each line is a message.',
  ),
  startAt: choice(
    ['beginning', 'end'],
    'beginning',
    'beginning: send everything in the files and their rotated parts. end: skip what is in the files when this source is started for the first time.',
  ),
  rotated: key(
    'globs',
    [],
    'Globs of rotated files. Only needed if rotation moves them to another directory, or gives them names that do not begin with the name of the log file.',
    { example: ['/var/log/old/openemr-audit/*'] },
  ),
  site: key('site', '', "The OpenEMR site. Default: taken from sites/NAME/ in the file's path.", {
    example: 'default',
  }),
  timeZone: dependent(
    'zone',
    (_, { timeZone }) => timeZone,
    "The time zone of times that are written without an offset. Default: this machine's time zone.",
    { example: 'America/New_York' },
  ),
  partialLineTimeout: dependent(
    'duration',
    // Half of a JSON object is of no use to anyone: it is worth waiting for the rest of it.
    ({ format }) => (format === 'text' ? 10_000 : 600_000),
    'A last line without a newline is sent after this time. Default: 10m for the openemr formats, 10s for text.',
    { min: '1s', max: '1d', example: '10m' },
  ),
  maxLineBytes: key('size', '1MiB', 'A longer line is read in parts of this size. Nothing is dropped.', {
    min: '1KiB',
    max: '16MiB',
  }),
});

const message = section('What is sent.', {
  profile: choice(
    ['plain', 'atna'],
    'plain',
    "plain: OpenEMR's own line, with its fields as structured data. atna: a DICOM audit message, as IHE ITI-20 requires.",
  ),
  facility: key('facility', 'authpriv', 'The syslog facility: a name or a number.'),
  hostname: dependent(
    'hostname',
    (_, { fullName }) => fullName,
    "HOSTNAME of the messages. Default: this machine's full name.",
    { example: 'emr.clinic.example' },
  ),
  appName: key('appName', 'openemr', 'APP-NAME of the messages.'),
  maxBytes: dependent(
    'size',
    // A DICOM message in XML is never sent in parts, so it gets more room.
    ({ profile }) => (profile === 'atna' ? 32_768 : 8_192),
    'A longer message is sent in numbered parts; with atna its comments are shortened instead. ' +
      'Default: 8KiB, which every receiver should accept (RFC 5425 section 4.3.1); with atna 32KiB (DICOM PS3.15 section A.6).',
    { min: '2KiB', max: '16MiB', example: '8KiB' },
  ),
  heartbeat: key(
    'duration',
    '15m',
    'How often the agent sends a heartbeat message, so that the collector can raise an alarm when none arrive. 0s: never.',
    { max: '1d' },
  ),
  enterpriseId: key(
    'enterpriseId',
    '32473',
    'Your private enterprise number, used in the names of structured data. 32473 is the number that IANA reserves for examples.',
  ),
  comments: dependentChoice(
    ['encoded', 'decoded', 'omit'],
    ({ profile }) => (profile === 'atna' ? 'omit' : 'encoded'),
    "OpenEMR's comments and notes, and what API calls sent and received. They contain patient data. " +
      'encoded: as stored. decoded: as text. omit: not sent. Default: encoded; with atna omit.',
    { example: 'encoded' },
  ),
  include: key(
    'filters',
    [],
    'Rows to send, by event, category or user; * stands for any text. Default: all rows. ' +
      'Rows left out are counted. Lines that cannot be parsed are always sent.',
    { example: ['category=security-administration', 'event=login'] },
  ),
  exclude: key('filters', [], 'Rows to leave out, although include has them.', { example: ['event=http-request-*'] }),
  redact: key(
    'patterns',
    [],
    "Regular expressions in RE2's syntax. What they match in comments, notes and lines of text is replaced by [redacted]. Case is ignored.",
    { example: ['\\d{3}-\\d{2}-\\d{4}'] },
  ),
  bom: key(
    'switch',
    'true',
    'Begin text that is not plain ASCII with a byte order mark, as RFC 5424 section 6.4 requires.',
  ),
});

const collectors = list(
  'In order of preference: endpoints of the same repository. The agent is connected to one at a time.',
  {
    host: required('host', "The collector's name as in its certificate, or its IP address.", {
      example: 'hie.example.org',
    }),
    port: key('port', '6514', 'The port for syslog over TLS is 6514 (RFC 5425).'),
  },
);

const tls = section('Certificates, and how the collector is verified.', {
  ca: optional(
    'path',
    "The certificate authority that signs the collectors' certificates (PEM). One file can hold several.",
    {
      example: '/etc/openemr-audit-forwarder/tls/cacert.pem',
      shown: true,
    },
  ),
  cert: optional('path', "This agent's certificate, followed by any intermediate certificates (PEM).", {
    example: '/etc/openemr-audit-forwarder/tls/openemrcert.pem',
    shown: true,
  }),
  key: optional('path', 'The private key of the certificate (PEM). Default: the key is in the file of cert.', {
    example: '/etc/openemr-audit-forwarder/tls/openemr.key',
    shown: true,
  }),
  p12: optional('path', 'Certificate and key as PKCS#12, instead of cert and key.', {
    example: '/etc/openemr-audit-forwarder/tls/openemr.p12',
  }),
  passphraseFile: optional(
    'path',
    'A file with the passphrase of key or p12 in its first line. Default: no passphrase.',
    { example: '/etc/openemr-audit-forwarder/tls/passphrase' },
  ),
  crl: optional('path', 'Revocation lists of the certificate authority (PEM). Default: revocation is not checked.', {
    example: '/etc/openemr-audit-forwarder/tls/crl.pem',
  }),
  minVersion: choice(
    ['TLSv1.2', 'TLSv1.3'],
    'TLSv1.2',
    'The oldest version of TLS to accept: TLSv1.2 or TLSv1.3. TLS 1.3 is used where the collector offers it.',
  ),
  verify: choice(
    ['name', 'fingerprint', 'chain', 'insecure'],
    'name',
    "How the collector is verified. name: its certificate is signed by ca and has the collector's host name. " +
      'fingerprint: its certificate is one of fingerprints. chain: its certificate is signed by ca; the name does not matter. ' +
      "insecure: not at all, and the agent's log says so every hour.",
  ),
  fingerprints: key('fingerprints', [], 'The accepted certificates, for verify: fingerprint.', {
    example: [
      'sha-256:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9',
    ],
  }),
  purpose: choice(
    ['server', 'any'],
    'server',
    "For verify: name and chain. server: the collector's certificate must be valid for servers. any: its extended key usage is ignored " +
      '(IHE ITI-19 does not require one); everything else is still checked.',
  ),
  commonName: key(
    'switch',
    'false',
    "For verify: name. true: accept the common name if the collector's certificate has no other name. " +
      'Such certificates are obsolete (RFC 9525).',
  ),
  serverName: optional('host', "The name in the collector's certificate. Default: the collector's host.", {
    example: 'hie.example.org',
  }),
  ciphers: key(
    'ciphers',
    DEFAULT_CIPHERS,
    'Cipher suites for TLS 1.2, as an OpenSSL cipher list (RFC 9325 section 4.2). All TLS 1.3 suites are always offered.',
  ),
});

const journal = section('Where messages are kept until they are acknowledged.', {
  directory: key(
    'path',
    '/var/lib/openemr-audit-forwarder',
    'The directory of the journal. Not on a network file system.',
    {
      restart: true,
    },
  ),
  maxBytes: key('size', '4GiB', 'How much is kept before the agent stops reading and waits for the collector.', {
    min: '16MiB',
    restart: true,
  }),
  whenFull: choice(
    ['wait', 'drop-oldest'],
    'wait',
    'wait: stop reading until there is room; nothing is lost. drop-oldest: drop the oldest messages, count them and tell the collector.',
    { restart: true },
  ),
  keepFree: key('share', '10%', 'The share of the disk to keep free: with less, the journal counts as full.', {
    max: '90%',
    restart: true,
  }),
});

const delivery = section('When the collector is asked to acknowledge.', {
  epochBytes: key('size', '4MiB', 'Ask the collector for an acknowledgement after this much data.', {
    min: '64KiB',
    max: '64MiB',
  }),
  epochInterval: key('duration', '30s', 'Ask for an acknowledgement after this time, even if there is less data.', {
    min: '1s',
    max: '10m',
  }),
  acknowledge: choice(
    ['auto', 'close-notify', 'fin', 'window'],
    'auto',
    'What counts as an acknowledgement. auto: the strongest kind that the collector has been seen to give. ' +
      'close-notify, fin, window: always this kind.',
  ),
  window: key(
    'duration',
    '30s',
    'For a collector that never answers: how long a connection must stay up until the data sent on it counts as received.',
    { min: '1s', max: '10m' },
  ),
});

const receipts = section('Records of what was acknowledged, for an audit.', {
  keep: key(
    'duration',
    '400d',
    'How long to keep the records of when each line was delivered, to which collector, and how strong the proof is.',
    { min: '1d' },
  ),
});

const seal = section('Signatures over what is sent, so that nobody can change the stored trail unseen.', {
  sign: choice(
    ['on', 'off'],
    'on',
    'on: once a minute, and after 4096 messages, the agent sends a message with its signature over the messages before it. ' +
      'verify --trust checks them.',
  ),
  cert: optional(
    'path',
    'The certificate to sign with, followed by any intermediate certificates (PEM). Default: that of tls.',
    { example: '/etc/openemr-audit-forwarder/tls/seal.pem' },
  ),
  key: optional('path', 'The private key of that certificate, without a passphrase (PEM). ECDSA or RSA.', {
    example: '/etc/openemr-audit-forwarder/tls/seal.key',
  }),
});

const status = section('A web page and metrics.', {
  listen: key(
    'listen',
    '127.0.0.1:9614',
    'The address of the status page, /metrics for Prometheus, /healthz and /status.json. A loopback address serves only users of this machine. off: none.',
    { restart: true },
  ),
});

const log = section("The agent's own log. It never contains a line of the audit trail.", {
  level: choice(
    ['error', 'warning', 'notice', 'info', 'debug'],
    'info',
    'The least important messages to log: error, warning, notice, info or debug.',
  ),
  format: choice(
    ['auto', 'text', 'json', 'journald'],
    'auto',
    'text, json or journald. auto: journald when systemd reads the log, else text.',
    {
      restart: true,
    },
  ),
  debug: key('logParts', [], 'Parts of the agent that log at level debug, whatever level says.', {
    example: ['link', 'source'],
  }),
});

const sites = list('The OpenEMR sites to export, each with its own database.', {
  name: key('name', 'default', 'The OpenEMR site, as in its sites directory. The log files are named after it.', {
    shown: true,
  }),
  host: key('host', 'localhost', 'The host of the database.'),
  port: key('port', '3306', 'The port of the database.'),
  socket: optional('path', "The database server's socket on this machine, instead of host and port.", {
    example: '/run/mysqld/mysqld.sock',
  }),
  database: key('text', 'openemr', 'The name of the database.'),
  user: key(
    'text',
    'openemr-audit-export',
    'The database account. It needs to read the audit tables: export --grants prints the statements for that.',
  ),
  passwordFile: optional(
    'credential',
    "A file with the account's password, or the name of a systemd credential of the unit. Default: no password.",
    { example: 'database-password' },
  ),
  tls: section('TLS to the database. Any of these keys turns it on.', {
    ca: optional(
      'path',
      'The certificate authority of the database server (PEM). Default: the authorities that Node.js trusts.',
      { example: '/etc/openemr-audit-forwarder/database/ca.pem' },
    ),
    cert: optional('path', 'A client certificate for the account, if it needs one (PEM).', {
      example: '/etc/openemr-audit-forwarder/database/cert.pem',
    }),
    key: optional('path', 'The private key of that certificate (PEM).', {
      example: '/etc/openemr-audit-forwarder/database/key.pem',
    }),
    verify: dependentChoice(
      ['name', 'chain'],
      () => 'name',
      "name: the server's certificate must have the name of host. chain: any certificate signed by ca. Default: name.",
      { example: 'name' },
    ),
  }),
});

const exportSection = section(
  "For the command export, which writes OpenEMR's audit tables to log files. If you do not use it, ignore this section.",
  {
    directory: key('path', '/var/log/openemr-audit', 'Where the log files are written. A source must follow them.'),
    sites,
    startAt: key(
      'startAt',
      'beginning',
      'Where the first run begins: beginning, end, a date such as 2026-11-23, or the id of a row. Later runs continue where the files end.',
      { example: '2026-11-23' },
    ),
    disclosures: key('switch', 'true', 'Also export the table of disclosures (extended_log), into separate files.'),
    poll: key('duration', '1s', 'How often to look for new rows when there were none.', { min: '100ms' }),
    settle: key('duration', '30s', 'How long to wait for a row whose id is missing in the sequence.', {
      min: '1s',
      max: '1h',
    }),
    examine: key(
      'duration',
      '60s',
      'How often to compare the latest exported rows with the table, to find changed rows.',
      {
        min: '1s',
      },
    ),
    keep: key('duration', '30d', 'Delete rotated files that are older than this.', { min: '1d' }),
    maxBytes: key(
      'size',
      '10GiB',
      'The most that all files may hold. When it is reached, nothing is written, and the rows stay in the database.',
      { min: '64MiB' },
    ),
    rotate: key('size', '64MiB', 'Rotate a file before it grows beyond this size, and every day (UTC).', {
      min: '1MiB',
    }),
  },
);

export const schema = {
  sources,
  message,
  collectors,
  tls,
  journal,
  delivery,
  receipts,
  seal,
  status,
  log,
  export: exportSection,
};
