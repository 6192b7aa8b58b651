/** A process for a command under test: its streams are kept, its signals are the test's. */
import { PassThrough, Readable } from 'node:stream';
import type { ExitStatus, Io, Screen } from '../../src/cli/io.js';

export interface CapturedIo extends Io {
  /** All that was written so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly status: () => ExitStatus;
  /** As the first SIGINT does. */
  readonly interrupt: () => void;
  /** As SIGHUP does: `false` when nobody hears it, which would end a process. */
  readonly hangUp: () => boolean;
}

export function capturedIo(given: { stdin?: string; env?: NodeJS.ProcessEnv; screen?: Screen } = {}): CapturedIo {
  const stop = new AbortController();
  const hangups = new Set<() => void>();
  const stdout = kept();
  const stderr = kept();
  let status: ExitStatus = 0;
  return {
    stdin: Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: given.env ?? {},
    isTerminal: false,
    screen: () => given.screen,
    signal: stop.signal,
    onHangup: (listener) => void hangups.add(listener),
    onUnwritable: () => undefined,
    setExitStatus: (found) => {
      status = found;
    },
    out: stdout.text,
    err: stderr.text,
    status: () => status,
    interrupt: () => stop.abort(),
    hangUp: () => {
      for (const listener of hangups) listener();
      return hangups.size > 0;
    },
  };
}

function kept(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
