/**
 * Finds passphrases for the `cert` commands: from a file, from systemd's credential,
 * or typed without echo. Never from the command line, where every user of the
 * host and the shell's history would see them.
 */
import type { Readable } from 'node:stream';
import { AgentError } from '../../lib/errors.js';
import { type AskPassphrase, readPassphrase } from '../../pki/files/passphrase.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';

/** What a terminal has and a pipe has not. */
interface Terminal extends Readable {
  setRawMode(on: boolean): unknown;
}

const ENTER = /[\r\n]/;
const INTERRUPT = '\u0003';
const END = '\u0004';
const ERASE = new Set(['\b', '\u007f']);

/** Asked at most once, and only when something encrypted turns up. */
export function oldPassphrase(io: Io, file: string | undefined, what: string): AskPassphrase {
  let answer: Promise<string | undefined> | undefined;
  return () => {
    answer ??= find(io, file, `Passphrase of ${what}: `);
    return answer;
  };
}

/** For something that is going to be encrypted: typed twice. */
export async function newPassphrase(io: Io, file: string | undefined, what: string): Promise<string> {
  const given = await readPassphrase(file, undefined);
  if (given !== undefined && given !== '') return given;
  if (given === '') {
    throw new AgentError('passphrase-empty', `the passphrase file ${file} is empty`, {
      hint: 'write the new passphrase as its first line',
    });
  }
  const first = await type(io, `New passphrase for ${what}: `);
  if (first === undefined) {
    throw new UsageError(`there is no terminal to ask for the new passphrase of ${what}`, {
      hint: 'give the file that holds it, with --passphrase-file',
    });
  }
  if (first.length < 8) throw new AgentError('passphrase-short', 'a passphrase has at least 8 characters');
  if ((await type(io, 'The same again: ')) === first) return first;
  throw new AgentError('passphrase-differs', 'the two passphrases differ', { hint: 'run the command again' });
}

async function find(io: Io, file: string | undefined, prompt: string): Promise<string | undefined> {
  return (await readPassphrase(file, io.env.CREDENTIALS_DIRECTORY)) ?? (await type(io, prompt));
}

/** One line without echo; `undefined` where nobody can type. */
async function type(io: Io, prompt: string): Promise<string | undefined> {
  const { stdin } = io;
  if (!isTerminal(stdin)) return undefined;
  // First, so that nothing typed at the prompt is echoed, and Ctrl-C is ours.
  stdin.setRawMode(true);
  io.stderr.write(prompt);
  try {
    return await readHiddenLine(stdin, io.signal);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    io.stderr.write('\n');
  }
}

function readHiddenLine(stdin: Readable, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: string[] = [];
    const settle = (work: () => void) => {
      stdin.off('data', take);
      stdin.off('end', interrupt);
      signal.removeEventListener('abort', interrupt);
      work();
    };
    const interrupt = () => settle(() => reject(new AgentError('interrupted', 'interrupted; nothing was changed')));
    const take = (chunk: Buffer | string) => {
      for (const character of chunk.toString()) {
        if (ENTER.test(character)) return settle(() => resolve(typed.join('')));
        if (character === INTERRUPT || character === END) return interrupt();
        if (ERASE.has(character)) typed.pop();
        else typed.push(character);
      }
    };
    stdin.on('data', take);
    stdin.once('end', interrupt);
    signal.addEventListener('abort', interrupt, { once: true });
    if (signal.aborted) interrupt();
    else stdin.resume();
  });
}

function isTerminal(stdin: Readable): stdin is Terminal {
  return 'isTTY' in stdin && stdin.isTTY === true && 'setRawMode' in stdin;
}
