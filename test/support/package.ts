/** The package's own directory, from wherever the compiled tests lie: for tests of the files that are shipped. */
import { existsSync } from 'node:fs';

function above(directory: URL): URL {
  return existsSync(new URL('package.json', directory)) ? directory : above(new URL('..', directory));
}

export const thisPackage = above(new URL('.', import.meta.url));
