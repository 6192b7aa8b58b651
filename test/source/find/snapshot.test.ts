import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { takeView } from '../../../src/source/find/snapshot.js';
import { temporaryDirectory } from '../../support/files.js';

test('a link that became a file while the directory was looked at is not taken for both', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  writeFileSync(path, 'line\n');
  const walked = {
    ways: [{ path, at: '/dev/zero', real: '/dev/zero', source: 'main', matched: true }] as const,
    refused: [],
    refusal: async () => undefined,
    overlaps: [],
    unreachable: new Map(),
    directories: new Map(),
    isAbsent: () => false,
    isElsewhere: () => false,
    deviceAt: () => undefined,
  };
  const view = await takeView(walked, systemFiles);

  t.is(view.at(path), undefined);
  t.true(view.isAbsent(path));
});
