import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AgentError } from '../../../src/lib/errors.js';
import { CREDENTIAL, readPassphrase } from '../../../src/pki/files/passphrase.js';

async function files(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'passphrase-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const write = async (name: string, content: string | Buffer) => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  return { directory, write };
}

test('a passphrase is the first line of its file, spaces and all', async (t) => {
  const { write } = await files(t);
  t.is(await readPassphrase(await write('unix', ' pass word \nnote\n'), undefined), ' pass word ');
  t.is(await readPassphrase(await write('windows', 'pass\r\n'), undefined), 'pass');
  t.is(await readPassphrase(await write('empty', '\n'), undefined), '');
  await t.throwsAsync(readPassphrase('/nowhere/pass', undefined), { code: 'passphrase-unreadable' });
});

test("systemd's credential is taken when no file is named, and none is no error", async (t) => {
  const { directory, write } = await files(t);
  t.is(await readPassphrase(undefined, directory), undefined);
  await write(CREDENTIAL, 'from systemd\n');
  t.is(await readPassphrase(undefined, directory), 'from systemd');
  t.is(await readPassphrase(undefined, undefined), undefined);
});

test('a passphrase file is read as Windows programs save it', async (t) => {
  const { write } = await files(t);
  const text = '\ufeffgrüne Wiese\r\n';
  t.is(await readPassphrase(await write('notepad', text), undefined), 'grüne Wiese');
  t.is(await readPassphrase(await write('powershell', Buffer.from(text, 'utf16le')), undefined), 'grüne Wiese');
  t.is(
    await readPassphrase(await write('big-endian', Buffer.from(text, 'utf16le').swap16()), undefined),
    'grüne Wiese',
  );
});

test('a passphrase file that is no text is named as such, with what helps', async (t) => {
  const { write } = await files(t);
  const odd = { ansi: Buffer.from('grüne Wiese', 'latin1'), binary: Buffer.of(0x61, 0, 0x62) };
  for (const [name, content] of Object.entries(odd)) {
    const error = await t.throwsAsync<AgentError>(readPassphrase(await write(name, content), undefined), {
      code: 'passphrase-not-text',
    });
    t.true(error?.message.includes(`/${name} `), error?.message);
    t.regex(error?.hint ?? '', /UTF-8/);
  }
  await t.throwsAsync(readPassphrase('/dev/zero', undefined), { code: 'passphrase-unreadable' });
});
