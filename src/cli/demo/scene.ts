/** Prepares the demo: a temporary folder with certificates made by `cert init`, a log directory and a configuration. */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stringify } from 'yaml';
import { Collector, type CollectorOutlet } from '../../collector/collector.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import { Unframer } from '../../syslog/rfc5425.js';
import { initCommand } from '../cert/init.js';
import type { Io } from '../io.js';

export interface Scene {
  readonly directory: string;
  readonly certificates: string;
  readonly logFile: string;
  readonly config: string;
}

export const HOST = '127.0.0.1';
const MAX_MESSAGE_BYTES = 64 * 1024;

export async function setScene(io: Io): Promise<Scene> {
  const directory = await temporaryDirectory();
  const certificates = join(directory, 'tls');
  const logs = join(directory, 'log');
  const config = join(directory, 'config.yaml');
  const nowhere = new PassThrough().resume();
  const quiet: Io = { ...io, stdout: nowhere, stderr: nowhere, isTerminal: false };
  await initCommand(quiet).parseAsync([certificates], { from: 'user' });
  await mkdir(logs, { mode: 0o750 });
  return { directory, certificates, logFile: join(logs, 'audit.log'), config };
}

async function temporaryDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'openemr-audit-forwarder-demo-'));
  } catch (cause) {
    throw new AgentError('no-temporary-directory', `cannot make a directory in ${tmpdir()}: ${reasonOf(cause)}`, {
      cause,
      hint: 'set TMPDIR to a directory that this user can write to',
    });
  }
}

/** Writes the agent's configuration for the collector on `port`. Epochs are short, so that a person sees acknowledgements come in. */
export async function configure({ directory, certificates, logFile, config }: Scene, port: number): Promise<void> {
  const configuration = {
    sources: [{ name: 'demo', paths: [join(dirname(logFile), '*.log')], format: 'openemr', timeZone: 'UTC' }],
    collectors: [{ host: HOST, port }],
    tls: {
      ca: join(certificates, 'cacert.pem'),
      cert: join(certificates, 'openemrcert.pem'),
      key: join(certificates, 'openemr.key'),
    },
    journal: { directory: join(directory, 'journal') },
    delivery: { epochInterval: '2s' },
  };
  await writeFile(config, stringify(configuration), { mode: 0o640 });
}

export async function startCollector(
  { certificates }: Scene,
  port: number,
  outlet: Omit<CollectorOutlet, 'unframe'>,
): Promise<Collector> {
  const read = (name: string) => readFile(join(certificates, name));
  return Collector.listen(
    {
      host: HOST,
      port,
      ca: await read('cacert.pem'),
      cert: await read('hiecert.pem'),
      key: await read('hie.key'),
      clientCertificate: 'require',
      maxMessageBytes: MAX_MESSAGE_BYTES,
    },
    { ...outlet, unframe: (maxMessageBytes) => new Unframer({ maxMessageBytes }) },
  );
}
