/** Files that follow from the schema of the configuration. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { commentedFile } from '../../.ci/config/commented-file.js';
import { jsonSchema } from '../../.ci/config/json-schema.js';
import { reference } from '../../.ci/config/reference.js';
import { thisPackage } from '../support/package.js';

const made: [path: string, make: () => string][] = [
  ['config/config.yaml', commentedFile],
  ['config/schema.json', jsonSchema],
  ['docs/configuration.md', reference],
];
for (const [path, make] of made) {
  test(`${path} says what the schema says (else run npm run docs:config)`, (t) => {
    t.is(readFileSync(new URL(path, thisPackage), 'utf8'), make());
  });
}
