import test from 'ava';
import { isNetworkFileSystem } from '../../../src/cli/check/journal.js';
import { MemoryFiles } from '../../support/memory-files.js';

for (const [name, type, isNetwork] of [
  ['ext4', 0xef53, false],
  ['xfs', 0x58465342, false],
  ['tmpfs', 0x01021994, false],
  ['nfs', 0x6969, true],
  ['cifs', 0xff534d42, true],
] as const) {
  test(`${name} is ${isNetwork ? '' : 'not '}shared between machines`, async (t) => {
    const files = new MemoryFiles();
    files.space = { totalBytes: 1, freeBytes: 1, type };
    t.is(await isNetworkFileSystem('/journal', files), isNetwork);
  });
}
