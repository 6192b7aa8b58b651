import { crc32 } from 'node:zlib';
import test from 'ava';
import { readCursor, writeCursor } from '../../../src/journal/disk/cursor.js';
import { MemoryFiles, systemError } from '../../support/memory-files.js';

const PATH = '/journal/cursor.json';
const cursor = { journal: '000102030405060708090a0b0c0d0e0f', entry: 4711 };

async function disk(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await files.mkdir('/journal');
  return files;
}

test('the line is that of the documented format', async (t) => {
  const files = await disk();
  await writeCursor(PATH, cursor, files);
  t.is(
    files.content(PATH).toString(),
    '{"version":1,"journal":"000102030405060708090a0b0c0d0e0f","entry":4711,"crc32":"3039935c"}\n',
  );
  t.deepEqual(await readCursor(PATH, files), { kind: 'cursor', cursor });
});

test('no flipped bit moves a cursor', async (t) => {
  const files = await disk();
  await writeCursor(PATH, cursor, files);
  const line = Buffer.from(files.content(PATH));
  for (let bit = 0; bit < line.length * 8; bit += 1) {
    const flipped = Buffer.from(line);
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    files.put(PATH, flipped);
    t.deepEqual(await readCursor(PATH, files), { kind: 'illegible' }, `${bit}`);
  }
});

test('wherever a replacement is cut off, the old cursor stands or the new one', async (t) => {
  for (let stop = 0; stop < 8; stop += 1) {
    for (const chance of [0.1, 0.9]) {
      const files = await disk();
      await writeCursor(PATH, { ...cursor, entry: 1 }, files);
      let calls = 0;
      files.fault = (_, path) => {
        calls += 1;
        return calls > stop ? systemError('EIO', path) : undefined;
      };
      await writeCursor(PATH, { ...cursor, entry: 2 }, files).catch(() => undefined);

      const found = await readCursor(
        PATH,
        files.cutPower(() => chance),
      );
      t.true(found.kind === 'cursor' && [1, 2].includes(found.cursor.entry), `${stop} ${chance}`);
    }
  }
});

test('the cursor of a later version is refused', async (t) => {
  const files = await disk();
  const fields = '{"version":2,"at":"elsewhere"';
  files.put(PATH, Buffer.from(`${fields},"crc32":"${crc32(fields).toString(16).padStart(8, '0')}"}\n`));
  await t.throwsAsync(readCursor(PATH, files), { code: 'journal-newer' });
});
