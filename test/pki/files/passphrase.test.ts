import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CREDENTIAL, readPassphrase } from '../../../src/pki/files/passphrase.js';

async function files(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'passphrase-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const write = async (name: string, content: string) => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  return { directory, write };
}

test('a passphrase is the first line of its file, spaces and all', async (t) => {
  const { write } = await files(t);
  t.is(await readPassphrase(await write('unix', ' pass word \nnote\n'), undefined), ' pass word ');
  t.is(await readPassphrase(await write('windows', 'pass\r\n'), undefined), 'pass');
  await t.throwsAsync(readPassphrase(await write('empty', '\n'), undefined), { code: 'passphrase-empty' });
  await t.throwsAsync(readPassphrase('/nowhere/pass', undefined), { code: 'passphrase-unreadable' });
});

test("systemd's credential is taken when no file is named, and none is no error", async (t) => {
  const { directory, write } = await files(t);
  t.is(await readPassphrase(undefined, directory), undefined);
  await write(CREDENTIAL, 'from systemd\n');
  t.is(await readPassphrase(undefined, directory), 'from systemd');
  t.is(await readPassphrase(undefined, undefined), undefined);
});
