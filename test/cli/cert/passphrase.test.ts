import { PassThrough } from 'node:stream';
import test from 'ava';
import { newPassphrase, oldPassphrase } from '../../../src/cli/cert/passphrase.js';
import type { Io } from '../../../src/cli/io.js';
import { capturedIo } from '../../support/captured-io.js';
import { until } from '../../support/wait.js';

/** A terminal in which a person types; `modes` records when the echo was off. */
function terminal() {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(on: boolean) {
      modes.push(on);
      return stdin;
    },
  });
  const captured = capturedIo();
  const io: Io = { ...captured, stdin, isTerminal: true };
  const prompted = (words: string) => until(() => captured.err().includes(words), { what: words });
  return { io, stdin, modes, said: captured.err, interrupt: captured.interrupt, prompted };
}

test('a passphrase is typed without echo, can be corrected, and is asked for once', async (t) => {
  const { io, stdin, modes, said, prompted } = terminal();
  const ask = oldPassphrase(io, undefined, 'the key');

  const answer = Promise.all([ask(), ask()]);
  await prompted('Passphrase of the key');
  for (const typed of ['sesx', '\u007f', 'ame\r']) stdin.write(typed);

  t.deepEqual(await answer, ['sesame', 'sesame']);
  t.deepEqual(modes, [true, false]);
  t.false(said().includes('ses'));
});

test('a new passphrase is typed twice and must be the same and long enough', async (t) => {
  const dialogue = async (first: string, second: string) => {
    const { io, stdin, prompted } = terminal();
    const answer = newPassphrase(io, undefined, 'x');
    await prompted('New passphrase');
    stdin.write(`${first}\n`);
    if (first.length >= 8) {
      await prompted('again');
      stdin.write(`${second}\n`);
    }
    return answer;
  };
  t.is(await dialogue('correct horse', 'correct horse'), 'correct horse');
  await t.throwsAsync(dialogue('correct horse', 'correct hors'), { code: 'passphrase-differs' });
  await t.throwsAsync(dialogue('short', ''), { code: 'passphrase-short' });
});

test('Ctrl-C and the wish to stop end the question, and the echo comes back', async (t) => {
  const typed = terminal();
  const interrupted = oldPassphrase(typed.io, undefined, 'x')();
  await typed.prompted('Passphrase');
  typed.stdin.write('\u0003');
  await t.throwsAsync(interrupted, { code: 'interrupted' });
  t.deepEqual(typed.modes, [true, false]);

  const stopped = terminal();
  const abandoned = oldPassphrase(stopped.io, undefined, 'x')();
  await stopped.prompted('Passphrase');
  stopped.interrupt();
  await t.throwsAsync(abandoned, { code: 'interrupted' });
});

test('without a terminal nobody is asked', async (t) => {
  const { io } = terminal();
  const piped = { ...io, stdin: new PassThrough() };
  t.is(await oldPassphrase(piped, undefined, 'x')(), undefined);
  await t.throwsAsync(newPassphrase(piped, undefined, 'x'), { code: 'usage' });
});
