/** `listen`: a collector for tests with mutual TLS. Prints who connected and each message; keeps them if told to. */
import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Collector, type CollectorOptions } from '../../collector/collector.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import type { Facts, Report } from '../../model/report.js';
import { writeKey } from '../../pki/files/keys.js';
import { pemOf, pemOfLists } from '../../pki/inspect.js';
import { readCertificates, readKey, readLists } from '../cert/files.js';
import { oldPassphrase } from '../cert/passphrase.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { COMMAND } from '../voice.js';
import { MessageFile } from './message-file.js';
import { Session } from './session.js';
import { jsonSpeaker, wordSpeaker } from './speaker.js';

interface ListenOptions extends CredentialFiles {
  readonly host: string;
  readonly port: number;
  readonly verify: CollectorOptions['clientCertificate'];
  readonly maxMessage: number;
  readonly output?: string;
  readonly raw: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly count?: number;
}

const HELP = `
Accepts RFC 5425 frames, plain lines, and the XML of OpenEMR's own ATNA sender,
and says which it received. A client gets its answer (close_notify, RFC 5425
section 4.4) once all that it sent has been printed and, with --output, is on disk.

--output stores one message per line. Control characters inside a message, except
tab, are written as rsyslog does: # and three octal digits (#012 is LF). With
--raw, messages are stored byte for byte, as RFC 5425 frames. \`verify\` reads both.

Without --output nothing is stored. Messages go to standard output, in the same
form as lines; who connected goes to standard error.

Examples:
  $ openemr-audit-forwarder cert init .
  $ openemr-audit-forwarder listen --output received.log

Exit status: 0 done, 1 failed or ended before --count messages, 2 wrong usage.`;

// How long a client whose last message was counted may take to end the connection.
const COUNTED_GRACE_MS = 2_000;
const LOOK_MS = 20;

export function listenCommand(io: Io): Command {
  return new Command('listen')
    .description('a collector for tests: shows who connects and what they send')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port; 0 takes any', portNumber, 6514)
    .option('--ca <file>', 'certificate authorities (CA) whose clients are trusted', 'cacert.pem')
    .option('--cert <file>', 'certificate of this collector', 'hiecert.pem')
    .option('--key <file>', 'its key', 'hie.key')
    .option('--crl <file>', 'revocation lists, one for each authority')
    .addOption(
      new Option('--verify <how>', 'a client certificate is required, asked for, or not asked for')
        .choices(['require', 'request', 'none'])
        .default('require'),
    )
    .option('--max-message <bytes>', 'disconnect a client that sends a longer message', positive, 16 * 1024 * 1024)
    .option('--output <file>', 'append messages to this file')
    .option('--raw', 'store them as RFC 5425 frames, byte for byte', false)
    .option('--json', 'print everything as JSON, one object per line', false)
    .option('--quiet', 'print no messages', false)
    .option('--count <n>', 'stop after this many messages', positive)
    .addHelpText('after', HELP)
    .action((options: ListenOptions) => listen(io, options));
}

async function listen(io: Io, options: ListenOptions): Promise<void> {
  if (options.raw && options.output === undefined) {
    throw new UsageError('--raw needs --output: without it nothing is stored', { hint: 'add --output FILE' });
  }
  const credentials = await readCredentials(io, options, options.verify !== 'none');
  const { output } = options;
  const file = output === undefined ? undefined : await MessageFile.open(output, options.raw ? 'raw' : 'lines');
  try {
    await collect(io, options, credentials, file);
  } finally {
    await file?.close();
  }
}

async function collect(
  io: Io,
  options: ListenOptions,
  credentials: Credentials,
  file: MessageFile | undefined,
): Promise<void> {
  const speaker = options.json ? jsonSpeaker(io, options) : wordSpeaker(io, options);
  const reached = new AbortController();
  const count = options.count === undefined ? undefined : { messages: options.count, reached: () => reached.abort() };
  const session = new Session({ speaker, report: reportTo(io), stdout: io.stdout, file, count });
  const collector = await start(options, credentials, session);
  speaker.listening(collector.address);

  await aborted([io.signal, reached.signal]);
  if (reached.signal.aborted) await untilIdle(collector, io.signal);
  await collector.close();
  speaker.summary(session.summary);
  if (count !== undefined && !reached.signal.aborted) io.setExitStatus(1);
}

async function start(options: ListenOptions, credentials: Credentials, session: Session): Promise<Collector> {
  const { host, port, verify: clientCertificate, maxMessage: maxMessageBytes, cert, key } = options;
  try {
    return await Collector.listen({ host, port, clientCertificate, maxMessageBytes, ...credentials }, session);
  } catch (error) {
    if (!(error instanceof AgentError) || error.code === 'cannot-listen') throw error;
    const detail = error.hint === undefined ? { cause: error } : { cause: error, hint: error.hint };
    throw new UsageError(`${error.message} (${cert}, ${key})`, detail);
  }
}

/** The clients end and are answered, or the grace is over. */
async function untilIdle(collector: Collector, signal: AbortSignal): Promise<void> {
  const endMs = systemClock.monotonicMs() + COUNTED_GRACE_MS;
  while (collector.connected > 0 && !signal.aborted && systemClock.monotonicMs() < endMs) {
    await systemClock.sleep(LOOK_MS, signal);
  }
}

async function aborted(signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  if (!any.aborted) await once(any, 'abort');
}

/** What the collector cannot tell of any one client. */
function reportTo(io: Io): Report {
  const say = (message: string, facts: Facts = {}) => void io.stderr.write(`${message}: ${JSON.stringify(facts)}\n`);
  return { debug: () => {}, info: () => {}, notice: say, warning: say, error: say };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A number from 0 to 65535 is expected.');
  return port;
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 on is expected.');
  return Number(text);
}

/* The files that `listen` needs, by default those of the old recipe in the working directory, as `cert init` makes them. */

interface CredentialFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly crl?: string;
}

/** In PEM, whatever the files are in. */
interface Credentials {
  readonly ca?: string;
  readonly cert: string;
  readonly key: string;
  readonly crl?: string;
}

/** Rejects with a UsageError that names the file and its option, and the place of what is damaged in it. */
async function readCredentials(io: Io, files: CredentialFiles, withAuthorities: boolean): Promise<Credentials> {
  const certificates = async (path: string) => (await readCertificates(path)).map(pemOf).join('');
  const key = async (path: string) => writeKey(await readKey(path, oldPassphrase(io, undefined, path)));
  const lists = async (path: string) => pemOfLists(await readLists(path, { mustExist: true }));
  return {
    cert: await read('certificate', '--cert', files.cert, certificates),
    key: await read('key', '--key', files.key, key),
    ...(withAuthorities ? { ca: await read('certificate of the authority', '--ca', files.ca, certificates) } : {}),
    ...(files.crl === undefined ? {} : { crl: await read('revocation list', '--crl', files.crl, lists) }),
  };
}

async function read(
  what: string,
  option: string,
  path: string,
  reader: (path: string) => Promise<string>,
): Promise<string> {
  try {
    return await reader(path);
  } catch (cause) {
    if (!(cause instanceof AgentError)) throw cause;
    const hint = `${cause.hint ?? 'correct the file'}, or name another by ${option}`;
    if (cause.code !== 'file-unreadable') throw new UsageError(cause.message, { hint, cause });
    const missing = systemCode(cause.cause) === 'ENOENT';
    throw new UsageError(
      `cannot read the ${what} ${path}: ${missing ? 'no such file' : reasonOf(cause.cause ?? cause)}`,
      {
        hint: missing
          ? `name it by ${option}, or make certificates for a test in this directory: ${COMMAND} cert init .`
          : `let this user read it, or name another by ${option}`,
        cause,
      },
    );
  }
}
