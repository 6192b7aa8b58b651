import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { takeSnapshot } from '../../../src/source/find/snapshot.js';
import { temporaryDirectory } from '../../support/files.js';

test('a link that became a file while the directory was looked at is not taken for both', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  writeFileSync(path, 'line\n');
  const walked = {
    names: [{ path, at: '/dev/zero', real: '/dev/zero', source: 'main', matched: true }] as const,
    refused: [],
    refusal: async () => undefined,
    overlaps: [],
    unreachable: new Map(),
    directories: new Map(),
    isAbsent: () => false,
    isElsewhere: () => false,
    deviceAt: () => undefined,
  };
  const snapshot = await takeSnapshot(walked, systemFiles);

  t.is(snapshot.at(path), undefined);
  t.true(snapshot.isAbsent(path));
});
