/**
 * `send` sends one message, or each line of standard input, over a connection of
 * its own, and says whether the collector acknowledged it.
 */
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { Command, Option } from 'commander';

import { loadConfig } from '../config/load.js';
import { DEFAULT_CIPHERS } from '../config/schema.js';
import { systemClock } from '../lib/clock.js';
import { systemNetwork } from '../lib/network.js';
import type { TlsPolicy } from '../link/connect.js';
import { DialFailed, Dialler } from '../link/dial.js';
import { LINK_TIMES, type Link } from '../link/link.js';
import { LinkError } from '../link/refusal.js';
import { type CollectorAddress, Targets } from '../link/targets.js';
import { type CredentialFiles, loadCredentials } from '../pki/files/credentials.js';
import { NOTICE, priorityValue } from '../syslog/priority.js';
import { BOM, formatHeader, HOSTNAME_MAX, headerField } from '../syslog/rfc5424.js';
import { encodeFrame } from '../syslog/rfc5425.js';
import { wholeNumber } from './arguments.js';
import { configFileOf } from './config-option.js';
import type { Io } from './io.js';
import { countText } from './voice.js';

interface SendOptions {
  readonly host?: string;
  readonly port: number;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: TlsPolicy['verify'];
}

interface Destination {
  readonly collectors: readonly CollectorAddress[];
  readonly tls: CredentialFiles & TlsPolicy;
}

const AUTHPRIV = 10;
/** Sixty seconds in all, as the recipe of 2010 waited. */
const TIMES = { ...LINK_TIMES, connectMs: 30_000, handshakeMs: 30_000 };

export function sendCommand(io: Io): Command {
  return new Command('send')
    .description('send one message, or each line of standard input, and wait for the acknowledgement')
    .argument('[message]', 'the message (default: standard input)')
    .option('--host <name>', 'the collector (default: those of the configuration)')
    .option('--port <number>', 'its port', wholeNumber(1, 65_535), 6514)
    .option('--ca <file>', 'CA certificate used to verify the collector; without it the collector is not verified')
    .option('--cert <file>', 'our certificate, if the collector requires one')
    .option('--key <file>', 'its key, if it is not in the same file')
    .addOption(
      new Option('--verify <how>', 'how to verify the collector: host name and chain, or chain alone')
        .choices(['name', 'chain'])
        .default('name'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ openemr-audit-forwarder send "hello, this is a message"
  $ openemr-audit-forwarder send --host 127.0.0.1 --ca cacert.pem \\
      --cert openemrcertkey.pem "hello"`,
    )
    .action((message: string | undefined, options: SendOptions, command: Command) =>
      send(io, message, options, configFileOf(command)),
    );
}

async function send(io: Io, message: string | undefined, options: SendOptions, file: string): Promise<void> {
  const { collectors, tls } = await destinationOf(options, file, io.env);
  const credentials = await loadCredentials(tls, {
    nowMs: systemClock.nowMs(),
    credentialsDirectory: io.env.CREDENTIALS_DIRECTORY,
  });
  const targets = new Targets(collectors, systemNetwork.lookup, systemClock);
  const dialling = { clock: systemClock, network: systemNetwork };
  const dialler = new Dialler(targets, async () => credentials, tls, dialling, TIMES);
  const { link, target } = await dialler.dial(io.signal).catch(worstRefusal);
  try {
    const count = await transmit(link, message === undefined ? createInterface({ input: io.stdin }) : [message]);
    const ending = await link.close(undefined).verdict;
    if (ending.proves === undefined || ending.proves === 'window') {
      throw link.end?.error === undefined
        ? LinkError.unacknowledged(target, ending.doubt || 'the collector did not answer the close')
        : LinkError.ended(link.end, target);
    }
    const { host, port } = target;
    if (tls.verify === 'insecure') {
      io.stderr.write(
        `${host}:${port} was not verified: ${options.host ? 'there is no --ca' : 'tls.verify is insecure'}\n`,
      );
    }
    io.stdout.write(`sent ${countText(count)} to ${host}:${port}, acknowledged (${ending.proves})\n`);
  } finally {
    link.destroy();
  }
}

async function destinationOf(options: SendOptions, file: string, env: NodeJS.ProcessEnv): Promise<Destination> {
  const { host, port, ca, cert, key, verify } = options;
  if (host === undefined) return loadConfig(file, env);
  return {
    collectors: [{ host, port }],
    tls: {
      ca,
      cert,
      key,
      p12: undefined,
      passphraseFile: undefined,
      crl: undefined,
      verify: ca === undefined ? 'insecure' : verify,
      fingerprints: [],
      purpose: 'server',
      commonName: false,
      minVersion: 'TLSv1.2',
      ciphers: DEFAULT_CIPHERS,
    },
  };
}

async function transmit(link: Link, lines: Iterable<string> | AsyncIterable<string>): Promise<number> {
  let count = 0;
  for await (const line of lines) {
    await link.write(encodeFrame(messageOf(line)));
    if (!link.alive) break;
    count += 1;
  }
  return count;
}

function messageOf(text: string): Buffer {
  const header = formatHeader({
    priority: priorityValue(AUTHPRIV, NOTICE),
    timestamp: new Date(systemClock.nowMs()).toISOString(),
    hostname: headerField(hostname(), HOSTNAME_MAX),
    appName: 'openemr-audit-forwarder',
    procId: String(process.pid),
    msgId: 'SEND',
  });
  const content = Buffer.from(text, 'utf8');
  const mark = content.length === text.length ? [] : [BOM];
  return Buffer.concat([Buffer.from(`${header}- `), ...mark, content]);
}

/** Of several addresses the first one's reason is the most telling: the others are often its repeats. */
function worstRefusal(error: unknown): never {
  throw error instanceof DialFailed ? (error.refusals[0] ?? error) : error;
}
