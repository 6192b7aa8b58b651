import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { linesBackward } from '../../src/export/lines-backward.js';

test('lines come from the last to the first, wherever the reads are cut', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'oaf-lines-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'file');
  const line = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\n', ''));

  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.boolean(), fc.integer({ min: 1, max: 20 }), async (lines, ends, readBytes) => {
      const text = lines.join('\n') + (ends && lines.length > 0 ? '\n' : '');
      await writeFile(path, text);
      const expected = text.split('\n');
      if (expected.at(-1) === '') expected.pop();

      const found: string[] = [];
      for await (const each of linesBackward(path, readBytes)) found.push(each.toString());

      t.deepEqual(found, expected.toReversed());
    }),
  );
});
