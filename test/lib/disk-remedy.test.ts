import test from 'ava';
import { diskRemedy } from '../../src/lib/disk-remedy.js';

test('a quota is told from a full volume, and both from one that is read-only', (t) => {
  t.is(diskRemedy('ENOSPC'), 'free space on this volume (df), or inodes where it has none left (df -i)');
  t.regex(diskRemedy('EDQUOT'), /quota/);
  t.regex(diskRemedy('EROFS'), /read-only/);
});

test('what has no remedy of its own gets that of whoever asks', (t) => {
  t.is(diskRemedy('EIO'), 'see to the disk');
  t.is(diskRemedy('EIO', 'choose another'), 'choose another');
});
