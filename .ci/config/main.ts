/** `npm run docs:config`: writes what follows from the schema of the configuration. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commentedFile } from './commented-file.js';
import { jsonSchema } from './json-schema.js';
import { reference } from './reference.js';

await writeFile(join('config', 'config.yaml'), commentedFile());
await writeFile(join('config', 'schema.json'), jsonSchema());
await writeFile(join('docs', 'configuration.md'), reference());
