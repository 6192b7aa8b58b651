import { readFileSync } from 'node:fs';
import test from 'ava';
import { thisPackage } from '../support/package.js';

function textOf(path: string): string {
  return readFileSync(new URL(path, thisPackage), 'utf8');
}

test('the examples in CONTRIBUTING.md are in the source as they are there', (t) => {
  const found = [...textOf('CONTRIBUTING.md').matchAll(/From `(src\/[^`]+)`:\n\n {2}```ts\n([\s\S]*?\n) {2}```/g)];
  t.is(found.length, 3);
  for (const [, path = '', block = ''] of found) {
    const excerpt = block.replaceAll(/^ {2}/gm, '').trimEnd();
    t.true(textOf(path).includes(excerpt), `${path}: ${excerpt}`);
  }
});
