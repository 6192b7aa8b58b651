import type { Stats } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../../src/lib/clock.js';
import { systemFiles } from '../../../src/lib/files.js';
import type { Content } from '../../../src/source/read/content.js';
import type { OpenFiles } from '../../../src/source/read/open-files.js';
import { Reader } from '../../../src/source/read/reader.js';
import { Tail } from '../../../src/source/read/tail.js';
import { Tails } from '../../../src/source/read/tail-registry.js';
import { temporaryDirectory } from '../../support/files.js';
import { silent } from '../../support/silent.js';

test('growth that is seen while a read comes to its end is read, though nothing else ever happens', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  await writeFile(path, '');
  const tails = new Tails();
  const tail = newTail(path, await stat(path));
  tails.add(tail);
  tails.wake(tail);
  let text = '';
  const content = contentOf(path, () => {
    const found = text;
    if (text === '') {
      // The writer appends and the look sees it before the read that found nothing has come back.
      text = 'a line\n';
      tails.sight(tail, { ...tail.identity, size: 7, mtimeMs: 1, ctimeMs: 1 } as unknown as Stats);
    }
    return found;
  });
  await tail.adopt(content);
  const reader = readerOf(tails);

  const chunk = (await reader.next()) ?? (await reader.next());

  t.is(chunk?.bytes.toString(), 'a line\n');
});

function newTail(path: string, { dev, ino, birthtimeMs }: Stats): Tail {
  const identity = { inode: ino, device: dev, birthtimeMs, head: '', last: '' };
  const position = { tailId: '00000000000000aa', source: 'main', path, offset: 0, identity };
  return new Tail(
    position,
    { maxLineBytes: 1024, partialLineTimeoutMs: 10_000 },
    {
      lineage: path,
      age: 1,
      bornLook: 1,
      journaled: true,
      place: { name: 'placed', key: `${dev}:${ino}`, size: 0, stamp: '' },
    },
  );
}

function contentOf(path: string, text: () => string): Content {
  return {
    compressed: false,
    damage: undefined,
    read: async (offset, length) => Buffer.from(length === 0 ? '' : text()).subarray(offset, offset + length),
    stat: () => systemFiles.stat(path),
    complete: async () => true,
    close: async () => undefined,
  };
}

function readerOf(tails: Tails): Reader {
  const openFiles: Pick<OpenFiles, 'open' | 'release'> = {
    open: async () => ({ kind: 'open' }),
    release: async () => undefined,
  };
  return new Reader({
    tails,
    openFiles: openFiles as OpenFiles,
    matcher: { foundOtherText: async () => undefined },
    clock: systemClock,
    report: silent,
    stopping: new AbortController().signal,
    lookSoon: () => undefined,
  });
}
