/** The collectors of the table in docs/delivery.md that can be had on Debian, by one shape. */
import { readFile } from 'node:fs/promises';
import type { Level } from '../../src/link/acknowledge.js';
import type { TestPki } from './certificates.js';
import { Rsyslog } from './rsyslog.js';
import { SServer } from './s-server.js';
import { splitFrames } from './split-frames.js';
import { Stunnel } from './stunnel.js';
import { SyslogNg } from './syslog-ng.js';
import type { Sign } from './wire-client.js';

export interface RealCollector {
  readonly port: number;
  /** What it stores: a message a line, or frames. */
  readonly file: string;
  /** The messages that it has stored so far, in its order. */
  stored(): Promise<Buffer[]>;
  stop(): Promise<void>;
}

export interface RealCollectorKind {
  readonly name: string;
  start(pki: TestPki): Promise<RealCollector>;
  /** What it answers to our close_notify. */
  readonly answer: readonly Sign[];
  /** What that is worth. */
  readonly level: Level;
  /** It resets a connection now and then by itself, and gets what was on it again. */
  readonly resets?: true;
}

const NOTIFIES = { answer: ['close_notify', 'FIN'], level: 'close-notify' } as const;

export const REAL_COLLECTORS: readonly RealCollectorKind[] = [
  { name: 'rsyslog with gtls', start: (pki) => rsyslog(pki, 'gtls'), answer: ['FIN'], level: 'fin' },
  { name: 'rsyslog with ossl', start: (pki) => rsyslog(pki, 'ossl'), ...NOTIFIES, resets: true },
  { name: 'syslog-ng', start: syslogNg, ...NOTIFIES },
  { name: 'openssl s_server', start: sServer, ...NOTIFIES },
  { name: 'stunnel before rsyslog', start: stunnel, ...NOTIFIES },
];

async function rsyslog(pki: TestPki, driver: 'gtls' | 'ossl'): Promise<RealCollector> {
  const daemon = await Rsyslog.start({ driver, pki });
  const { port, file } = daemon;
  return { port, file, stored: () => linesIn(file), stop: () => daemon.stop() };
}

async function syslogNg(pki: TestPki): Promise<RealCollector> {
  const daemon = await SyslogNg.start({ pki });
  const { port, file } = daemon;
  return { port, file, stored: () => linesIn(file), stop: () => daemon.stop() };
}

async function sServer(pki: TestPki): Promise<RealCollector> {
  const server = await SServer.start({ pki });
  const { port, file } = server;
  return { port, file, stored: async () => splitFrames(await server.stored()).messages, stop: () => server.stop() };
}

async function stunnel(pki: TestPki): Promise<RealCollector> {
  const behind = await Rsyslog.start({ driver: 'ptcp', pki });
  const front = await Stunnel.start({ pki, behind: behind.port });
  const stop = async () => {
    await front.stop();
    await behind.stop();
  };
  return { port: front.port, file: behind.file, stored: () => linesIn(behind.file), stop };
}

/** Octets, as they lie there: a line may be no UTF-8. */
async function linesIn(file: string): Promise<Buffer[]> {
  const text = await readFile(file, 'latin1').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line, 'latin1'));
}
