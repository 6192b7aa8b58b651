/** File names that Linux allows and people do not expect: bytes that are not UTF-8, line feeds, escape sequences. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { inotifyWatcher } from '../../../src/source/watch/watcher.js';
import { numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

/** As the system takes it: the string holds one character a byte. */
function bytes(...names: readonly string[]): Buffer {
  return Buffer.from(join(...names), 'latin1');
}

function append(path: Buffer, lines: readonly string[]): void {
  appendFileSync(path, lines.map((line) => `${line}\n`).join(''));
}

for (const [what, name, path] of [
  ['is not UTF-8', 'lat\xfc1.log', 'lat\udcfc1.log'],
  ['holds a line feed and an escape sequence', 'a\n\x1b[31mred.log', 'a\n\x1b[31mred.log'],
] as const) {
  test(`a log whose name ${what} is followed, through rotation and restart`, async (t) => {
    const directory = temporaryDirectory(t);
    append(bytes(directory, name), ['one']);
    const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }], { watch: inotifyWatcher });
    await recorder.expect(['one']);
    append(bytes(directory, name), ['two']);
    await recorder.expect(['one', 'two']);
    await recorder.stop();

    append(bytes(directory, name), ['three']);
    renameSync(bytes(directory, name), bytes(directory, `${name}.1`));
    append(bytes(directory, name), numbered('new', 3));
    await recorder.start();

    await recorder.expect(['one', 'two', 'three', ...numbered('new', 3)]);
    const followed = recorder.sources.files().map((file) => file.path);
    t.deepEqual(followed.toSorted(), [join(directory, path), join(directory, `${path}.1`)]);
    t.deepEqual(recorder.notices, []);
  });
}

test('logs in a directory whose name is not UTF-8 are followed, and their compressed ones are read', async (t) => {
  const directory = temporaryDirectory(t);
  const logs = bytes(directory, 'caf\xe9');
  execFileSync('/bin/sh', [
    '-c',
    `cd "$1" && d="$(printf 'caf\\351')" && mkdir "$d" && cd "$d" && printf 'old\\n' >a.log.1 && gzip a.log.1 && printf 'new\\n' >a.log`,
    'sh',
    directory,
  ]);
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*', '*.log')] }], { watch: inotifyWatcher });
  await recorder.expect(['old', 'new']);
  append(Buffer.concat([logs, Buffer.from('/a.log')]), ['newer']);

  await recorder.expect(['old', 'new', 'newer']);
});
