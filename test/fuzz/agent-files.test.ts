/** Damaged files that the agent reads and people edit, and damaged input from the network: read, or refused in words. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { LastUse, startedSources } from '../../src/agent/remembered.js';
import { readStateFile } from '../../src/agent/state.js';
import { reportOf } from '../../src/cli/status/status-report.js';
import { statusText } from '../../src/cli/status/status-text.js';
import { Framer } from '../../src/collector/framing.js';
import { CollectorMemories } from '../../src/delivery/collector-memory.js';
import { readDump } from '../../src/export/dump/sql-dump.js';
import { AgentError } from '../../src/lib/errors.js';
import { systemFiles } from '../../src/lib/files.js';
import { ignoredProblems } from '../../src/lib/problems.js';
import { readRow, recordOf } from '../../src/openemr/parse.js';
import { headingOf, readCells } from '../../src/openemr/tsv.js';
import { signerOf } from '../../src/seal/sealer.js';
import { distrustBy } from '../../src/seal/trust.js';
import { parseMessage } from '../../src/syslog/rfc5424.js';
import { encodeFrame, Unframer } from '../../src/syslog/rfc5425.js';
import { formatReceipt, readReceipts } from '../../src/verify/receipt.js';
import { scanStore } from '../../src/verify/scan.js';
import { makeTestPki } from '../support/certificates.js';
import { LEAST, load } from '../support/config.js';
import { fuzz } from '../support/mutations.js';
import { NOW_MS, WELL } from '../support/sample-state.js';
import { sealedRun } from '../support/sealed.js';
import { asLines, examineFiles, receiptOf, runId } from '../support/stored.js';

async function scratch(t: ExecutionContext, name: string) {
  const directory = await mkdtemp(join(tmpdir(), 'fuzz-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return { directory, path: join(directory, name) };
}

test.serial('a damaged configuration is read or refused in words', async (t) => {
  const text = `${LEAST}
message: { profile: atna, facility: local4, heartbeat: 5m, redact: ["a+"], include: [{ field: event, pattern: login }] }
journal: { directory: /srv/journal, maxBytes: 1GiB, keepFree: 5% }
status: { listen: "127.0.0.1:9614" }
`;
  await fuzz(t, Buffer.from(text), (bytes) => load(bytes.toString('utf8')).catch(unlessWorded));
});

/** A configuration has many faults, each with what is expected: that is its remedy. */
function unlessWorded(error: unknown): void {
  if (!(error instanceof AgentError)) throw error;
}

test.serial('a damaged status.json is shown, or as good as none', async (t) => {
  const { directory, path } = await scratch(t, 'status.json');
  await fuzz(t, Buffer.from(JSON.stringify(WELL)), async (bytes) => {
    await writeFile(path, bytes);
    const state = await readStateFile(directory);
    if (state !== undefined) statusText(reportOf(state, { name: 'present' }), NOW_MS);
  });
});

const ROW = {
  id: 4712,
  date: '2026-11-23 09:15:40',
  event: 'patient-record-select',
  category: 'Patient Demographics',
  user: 'reception',
  patient_id: 17,
  success: 0,
  comments: Buffer.from('SELECT * FROM patient_data WHERE pid = ?').toString('base64'),
  checksum: 'abc',
};

test.serial('a damaged row is read, or a line that is sent unchanged', async (t) => {
  await fuzz(t, Buffer.from(JSON.stringify(ROW)), (bytes) => {
    const read = readRow(bytes);
    if ('row' in read) recordOf(read.row, 'default', 'default');
  });
});

test.serial('a damaged line of mysql --batch is a heading, a row, or a line that is sent unchanged', async (t) => {
  const columns = ['id', 'date', 'event', 'user', 'comments', 'checksum'];
  await fuzz(t, Buffer.from(columns.join('\t')), headingOf);
  const line = Buffer.from('4712\t2026-11-23 09:15:40\tlogin\treception\tc\\nd\\\\e\tNULL');
  await fuzz(t, line, (bytes) => {
    const read = readCells(bytes, columns);
    if ('row' in read) recordOf(read.row, 'default', 'default');
  });
});

const DUMP = `-- MySQL dump
/*!40101 SET NAMES utf8 */;
CREATE TABLE \`log_backup\` (
  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`date\` datetime DEFAULT NULL,
  \`comments\` longtext, -- a remark
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB;
INSERT INTO \`log_backup\` VALUES
(1,'2026-11-20 08:00:00','it\\'s \\n'),(2,NULL,0x6162),(3,'2026-11-20 08:00:01','');
`;

test.serial('a damaged dump is read row by row, or refused in words', async (t) => {
  const plain = await scratch(t, 'eventlog.sql');
  const packed = await scratch(t, 'eventlog.sql.gz');
  for (const [path, dump] of [
    [plain.path, Buffer.from(DUMP)],
    [packed.path, gzipSync(DUMP)],
  ] as const) {
    await fuzz(t, dump, async (bytes) => {
      await writeFile(path, bytes);
      for await (const _ of readDump(path));
    });
  }
});

test.serial('the damaged small files of the agent are read, or are as good as none', async (t) => {
  const { directory } = await scratch(t, '');
  const context = { files: systemFiles, problems: ignoredProblems };
  const config = await load(LEAST);
  const collector = '{"hie.example.org:6514":{"level":"close-notify","oneAtATime":false}}';
  await fuzz(t, Buffer.from(collector), async (bytes) => {
    await writeFile(join(directory, 'collectors.json'), bytes);
    const { level, oneAtATime } = (await CollectorMemories.open(directory, context)).of('hie.example.org', 6514);
    t.true(level === undefined || ['close-notify', 'fin', 'window'].includes(level));
    t.is(typeof oneAtATime, 'boolean');
  });
  await fuzz(t, Buffer.from('["main","second"]'), async (bytes) => {
    await writeFile(join(directory, 'sources.json'), bytes);
    const names = (await startedSources(directory, context).read()) ?? [];
    t.true(names.every((name) => typeof name === 'string'));
  });
  await fuzz(t, Buffer.from('{"configuration":"ab12","certificate":"sha-256:AB"}'), async (bytes) => {
    await writeFile(join(directory, 'last-use.json'), bytes);
    await new LastUse(directory, context).changes(config, undefined, false);
  });
});

const MESSAGE =
  '<84>1 2026-11-23T09:15:40-05:00 emr.clinic.example openemr - login [meta sequenceId="3"][audit@32473 run="f5241251e5e3f7c1" seq="3" event="a\\"b\\]"] \ufeffgrün';

test.serial('damaged messages and frames are read, or faults with their reason', async (t) => {
  const limits = { maxMessageBytes: 1000 };
  const frames = Buffer.concat([MESSAGE, MESSAGE, 'x'].map((each) => encodeFrame(Buffer.from(each))));
  await fuzz(t, Buffer.from(MESSAGE), (bytes) => parseMessage(bytes));
  await fuzz(t, frames, (bytes) => {
    const framer = new Framer(new Unframer(limits), limits.maxMessageBytes);
    for (const message of [
      ...framer.feed(bytes.subarray(0, 100)),
      ...framer.feed(bytes.subarray(100)),
      ...framer.end(),
    ]) {
      parseMessage(message);
    }
  });
});

test.serial('damaged receipts are read, or counted as damaged', async (t) => {
  const { directory, path } = await scratch(t, '2026-11.jsonl');
  const receipt = formatReceipt({
    time: '2026-11-23T10:00:30.120Z',
    collector: 'hie.example.org:6514',
    address: '192.0.2.7',
    fingerprint: 'sha-256:AB',
    level: 'close-notify',
    messages: 120,
    stretches: [{ run: '00a1b2c3d4e5f607', first: 1, last: 120 }],
    sha256: 'ab'.repeat(32),
    tails: [{ tail: '8f00000000000000', path: '/var/log/a.log', from: 0, to: 43_920 }],
  } as Parameters<typeof formatReceipt>[0]);
  await fuzz(t, Buffer.from(receipt + receipt), async (bytes) => {
    await writeFile(path, bytes);
    for await (const _ of readReceipts(directory, () => undefined));
  });
});

test.serial('a damaged store is read as far as it goes, and told where it breaks', async (t) => {
  const { path } = await scratch(t, 'store');
  const frames = Buffer.concat([MESSAGE, MESSAGE].map((each) => encodeFrame(Buffer.from(each))));
  for (const stored of [frames, gzipSync(frames), Buffer.from(`${MESSAGE}\n${MESSAGE}\n`)]) {
    await fuzz(t, stored, async (bytes) => {
      await writeFile(path, bytes);
      await scanStore(path, systemFiles, {
        message: (octets, start, end) => void parseMessage(Buffer.from(octets.subarray(start, end))),
        tooLong: () => undefined,
        unfinished: () => undefined,
        broken: () => undefined,
        read: () => undefined,
      });
    });
  }
});

test.serial('a damaged store with receipts and seals is judged to its end', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const time = new Date(Date.now()).toISOString();
  const signer = signerOf(pki.agent.cert, pki.agent.key)!;
  const { run, messages } = sealedRun({ run: runId(1), signer, lines: [3, 3], time });
  const receipt = receiptOf(messages, { stretches: [{ run, first: 1, last: messages.length }] });
  const given = {
    distrust: distrustBy([pki.authority.certificate]),
    receipts: async function* () {
      yield receipt;
    },
  };
  await fuzz(t, asLines(messages), (bytes) => examineFiles([bytes], given));
});
