import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../src/cli/program.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { freePort } from '../support/free-port.js';
import { ALERT } from '../support/tls-alert.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const PATIENT = 'Zacharias Quellwasser';
/** As itself, and as OpenEMR and others wrap it. */
const PLANTED = [PATIENT, 'Zacharias', 'Quellwasser', Buffer.from(PATIENT).toString('base64').slice(0, 20)];

/** What OpenEMR might write, and what it should not. */
const LINES = {
  'audit.json': [
    {
      id: 1,
      date: '2026-11-23 09:15:40',
      event: 'patient-record-select',
      user: PATIENT,
      comments: PATIENT,
      success: 1,
    },
    { id: 2, date: '2026-11-23 09:15:41', event: PATIENT, user: 'a', checksum: 'f'.repeat(128), success: 1 },
    { id: 3, date: PATIENT, event: 'login', user: 'a', success: 0 },
  ].map((row) => JSON.stringify(row)),
  'torn.json': [`{"id":4,"date":"2026-11-23 09:15:40","user":"${PATIENT}`, `${PATIENT}`, `{"${PATIENT}":1}`],
  'audit.tsv': [
    `id\tdate\tevent\tuser\tcomments\tsuccess`,
    `5\t2026-11-23 09:15:40\tlogin\t${PATIENT}\t${PATIENT}\t1`,
    PATIENT,
  ],
  'audit.txt': [`read the record of ${PATIENT}`, `${PATIENT} `.repeat(2_000), Buffer.from(PATIENT).toString('base64')],
};

async function place(t: ExecutionContext, collectorPort: number, change: object) {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'config.yaml');
  const log = join(directory, 'log');
  const port = await freePort();
  await mkdir(log);
  const source = (format: string, name: string) => ({ name: format, paths: [join(log, name)], format });
  const configuration = {
    sources: [source('openemr', '*.json'), source('openemr-tsv', '*.tsv'), source('text', '*.txt')],
    collectors: [{ host: 'localhost', port: collectorPort }],
    tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
    journal: { directory: join(directory, 'journal') },
    delivery: { epochInterval: '1s' },
    status: { listen: `127.0.0.1:${port}` },
    ...change,
  };
  await writeFile(file, stringify(configuration));
  const io = capturedIo();
  const ended = runProgram(['run', '--config', file], io);
  t.teardown(async () => {
    io.interrupt();
    await ended;
  });
  const fetched = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const told = async (...args: string[]) => {
    const asking = capturedIo();
    await runProgram([...args, '--config', file], asking);
    return asking.out() + asking.err();
  };
  return { directory, file, log, io, ended, fetched, told };
}

async function filesBelow(directory: string, left: RegExp): Promise<string> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && !left.test(join(entry.parentPath, entry.name)));
  const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')));
  return texts.join('\n');
}

test('no word of the trail is in the log at debug, the state, the receipts, the metrics, the page or the status', async (t) => {
  const collector = await collecting(t, pki);
  const { directory, log, io, ended, fetched, told } = await place(t, collector.port, {
    log: { level: 'debug' },
    message: { exclude: [`user=${PATIENT}x`], redact: ['nothing'] },
  });
  for (const [name, lines] of Object.entries(LINES)) await writeFile(join(log, name), `${lines.join('\n')}\n`);
  const arrived = () => collector.messages.filter((message) => String(message).includes('Quellwasser')).length >= 8;
  await until(arrived, { what: 'the lines' });
  collector.behave({ handshake: { refuse: { level: 'fatal', description: ALERT.unknownCa } } });
  const fails = async () => {
    await appendFile(join(log, 'audit.txt'), `${PATIENT} again\n`);
    return io.out().includes('Forwarding failed');
  };
  await until(fails, { what: 'a failure', everyMs: 200 });
  collector.behave({});
  await writeFile(join(log, 'audit.json'), `{"id":9,"user":"${PATIENT}"}\n`);
  io.hangUp();
  await until(() => io.out().includes('The configuration was read again'), { what: 'the reload' });
  await until(async () => /waiting 0/.test(await fetched('/healthz')), { what: 'all to be acknowledged' });

  const said = {
    page: await fetched('/'),
    metrics: await fetched('/metrics'),
    health: await fetched('/healthz'),
    json: await fetched('/status.json'),
    status: await told('status'),
    check: await told('check'),
  };
  io.interrupt();
  await ended;
  const words = {
    ...said,
    log: io.out() + io.err(),
    files: await filesBelow(directory, /\/segments\/|\/log\/|config\.yaml$/),
  };
  t.regex(words.log, /Forwarding failed/);
  t.regex(words.files, /close-notify/);
  for (const [where, text] of Object.entries(words)) {
    for (const planted of PLANTED) t.false(text.includes(planted), `${planted} in ${where}`);
  }
});

test('an agent that is well has five things to say, however long it runs', async (t) => {
  const collector = await collecting(t, pki);
  const { log, io, ended } = await place(t, collector.port, {
    log: { format: 'json' },
    message: { heartbeat: '1s' },
    status: { listen: 'off' },
  });
  await writeFile(join(log, 'audit.txt'), '');
  const beats = () => collector.messages.filter((message) => String(message).includes('kind="heartbeat"')).length;
  for (let line = 1; beats() < 4; line++) {
    await appendFile(join(log, 'audit.txt'), `line ${line}\n`);
    const known = beats();
    await until(() => beats() > known, { what: 'a heartbeat' });
  }
  io.interrupt();
  await ended;
  const lines = io
    .out()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, string>);
  t.deepEqual(lines.map(({ message }) => message).toSorted(), [
    'Connected to the collector',
    'Following a file',
    'Started',
    'Stopped',
    'The collector acknowledges',
  ]);
});
