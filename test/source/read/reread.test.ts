import test from 'ava';
import { digest } from '../../../src/source/read/fingerprint.js';
import { type RereadOptions, reread, type TextRange } from '../../../src/source/read/reread.js';
import { MemoryFiles } from '../../support/memory-files.js';

const LOG = '/logs/audit.log';
const IDENTITY = { inode: 0, device: 0, birthtimeMs: 0 };

/** All that is read of a range, its tail known by all of `text`. */
async function readAgain(files: MemoryFiles, text: string, range: Pick<TextRange, 'from' | 'to'>, paths = [LOG]) {
  const marks = { head: digest(Buffer.from(text.slice(0, 4096))), last: digest(Buffer.from(text.slice(-4096))) };
  const identity = { ...IDENTITY, ...marks };
  const position = { tailId: '00000000000000aa', source: 'main', path: LOG, offset: text.length, identity };
  const options: RereadOptions = { paths, maxLineBytes: 1024, files, nowMs: () => 7 };
  const pieces: string[] = [];
  for await (const { bytes } of reread({ ...range, position }, options)) pieces.push(bytes.toString());
  return pieces.join('');
}

test('a range is read again from where its text lies now', async (t) => {
  const files = new MemoryFiles();
  files.put(LOG, 'other text\n');
  files.put(`${LOG}.1`, 'one\ntwo\nthree\n');

  t.is(await readAgain(files, 'one\ntwo\n', { from: 4, to: 8 }, [LOG, '/logs/gone', `${LOG}.1`]), 'two\n');
  t.is(await readAgain(files, 'one\ntwo\n', { from: 4, to: undefined }, [LOG, `${LOG}.1`]), 'two\nthree\n');
  t.is(await readAgain(files, 'one\ntwo\n', { from: 4, to: 8 }), '');
});

test('a hole is skipped again, however long', async (t) => {
  const files = new MemoryFiles();
  const text = `one\n${'\0'.repeat(700_001)}two\n`;
  files.put(LOG, text);

  t.is(await readAgain(files, text, { from: 0, to: text.length }), 'one\ntwo\n');
});
