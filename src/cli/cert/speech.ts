/** How the `cert` commands speak: results on standard output, everything else on standard error. */
import type { X509Certificate } from 'node:crypto';
import { AgentError } from '../../lib/errors.js';
import { certificateFacts } from '../../pki/inspect.js';
import type { Io } from '../io.js';
import { describe } from './facts.js';

export function say(io: Io, ...lines: string[]): void {
  io.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

export function print(io: Io, text: string): void {
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(io: Io, value: unknown): void {
  print(io, JSON.stringify(value, undefined, 2));
}

const BRAILLE = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Says what takes a moment, on a terminal with a sign that it is going on.
 * Returns what `work` does; at Ctrl-C it throws an AgentError at once, before anything is written.
 */
export async function working<T>(io: Io, what: string, work: () => Promise<T>): Promise<T> {
  let turn = 0;
  const draw = () => void (io.isTerminal && io.stderr.write(`\r${BRAILLE[turn++ % BRAILLE.length]} ${what}`));
  draw();
  const timer = setInterval(draw, 100);
  try {
    return await Promise.race([work(), interruption(io.signal)]);
  } finally {
    clearInterval(timer);
    if (io.isTerminal) io.stderr.write('\r\u001b[K');
  }
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new AgentError('interrupted', 'interrupted; nothing was written'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** `2027-12-25 (397 days)`. */
export function untilText(notAfter: Date, nowMs: number): string {
  return `${notAfter.toISOString().slice(0, 10)} (${Math.round((notAfter.getTime() - nowMs) / 86_400_000)} days)`;
}

/** The result of making a certificate. */
export function tellMade(
  io: Io,
  options: { readonly json: boolean },
  file: string,
  certificate: X509Certificate,
  nowMs: number,
): void {
  const facts = certificateFacts(certificate, nowMs);
  if (options.json) printJson(io, { file, ...facts });
  else print(io, `${file}\n${describe(facts)}`);
}
