/** The example of docs/seals.md, taken from the page and checked with openssl as the page says. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { identify } from '../../src/cli/verify/identify.js';
import { readSeal, signedText } from '../../src/seal/seal.js';
import { temporaryDirectory } from '../support/files.js';

const page = readFileSync(fileURLToPath(new URL('../../../docs/seals.md', import.meta.url)), 'utf8');
const blocks = [...page.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
const blockWith = (start: string) => blocks.find((block) => block.startsWith(start))!;

test('the digest, the signed text and the signature of the example are right', (t) => {
  const directory = temporaryDirectory(t);
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const store = blockWith('<85>1 ');
  const lines = store.trimEnd().split('\n');
  const identified = identify(Buffer.from(lines[2]!));
  const { seal, signature } = readSeal('f5241251e5e3f7c1', identified.name === 'ours' ? identified.own!.facts : {})!;

  t.is(
    seal.sha256,
    createHash('sha256')
      .update(
        lines
          .slice(0, 2)
          .map((line) => `${line.length} ${line}`)
          .join(''),
      )
      .digest('hex'),
  );
  t.is(blockWith('seal of openemr-audit-forwarder, version 1\n'), signedText(seal));
  file('store.log', store);
  const digest = execFileSync('sh', ['-c', blockWith('(printf')], { cwd: directory, encoding: 'utf8' });
  t.is(digest.slice(0, 64), seal.sha256);
  const said = execFileSync(
    'openssl',
    [
      ...['dgst', '-sha256', '-verify', file('public.pem', blockWith('-----BEGIN PUBLIC KEY'))],
      ...['-signature', file('signature', Buffer.from(signature, 'base64'))],
      file('signed.txt', blockWith('seal of openemr-audit-forwarder, version 1\n')),
    ],
    { encoding: 'utf8' },
  );
  t.is(said, 'Verified OK\n');
});
