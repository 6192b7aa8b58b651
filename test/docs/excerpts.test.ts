import { readFileSync } from 'node:fs';
import test from 'ava';
import { RECIPES } from '../../src/cli/cert/recipe.js';
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

test('the collectors’ configurations in docs/delivery.md are what cert init --collector writes', (t) => {
  const page = textOf('docs/delivery.md');
  for (const { text } of Object.values(RECIPES)) t.true(page.includes(`\`\`\`\n${text('emr.clinic.example')}\`\`\`\n`));
});
