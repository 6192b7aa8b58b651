/** Debian's logrotate, by the recipes of docs/tailing.md, in a directory of its own. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { thisPackage } from './package.js';
import { runProgram } from './program.js';
import { until } from './wait.js';

/** The stanzas of the document, by their headings. */
export const recipes: ReadonlyMap<string, string> = new Map(
  [
    ...readFileSync(new URL('docs/tailing.md', thisPackage), 'utf8').matchAll(/^### (\w+)\n[^#]*?```\n(\/[^`]*)```/gm),
  ].map(([, name = '', stanza = '']) => [name, stanza] as const),
);

export class Logrotate {
  /** Its configuration. */
  readonly file: string;
  #rotatedAtS = 0;

  /** `recipe` names a heading of the document. */
  constructor(directory: string, recipe: string) {
    const stanza = recipes.get(recipe);
    if (stanza === undefined) throw new Error(`docs/tailing.md has no recipe ${recipe}, but ${[...recipes.keys()]}`);
    this.file = join(directory, 'logrotate.conf');
    writeFileSync(this.file, stanza.replaceAll('/var/log/openemr-audit', directory), { mode: 0o600 });
  }

  /** Once; rejects with what logrotate said when it was not content. */
  async rotate(): Promise<void> {
    // dateformat's smallest unit is the second.
    await until(() => seconds() > this.#rotatedAtS, { what: 'the next second' });
    const { status, output } = await runProgram('logrotate', ['--force', '--state', `${this.file}.state`, this.file]);
    this.#rotatedAtS = seconds();
    if (status !== 0) throw new Error(`logrotate ended with ${status}: ${output}`);
  }
}

/** Numbers of the lines that are in `audit.log` and its rotated files below `directory`. */
export function linesIn(directory: string): Set<number> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const texts = paths
    .filter((path) => basename(path).startsWith('audit.log'))
    .map((path) => {
      const bytes = readFileSync(join(directory, path));
      return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
    });
  return new Set(texts.flatMap((text) => [...text.matchAll(/^line (\d+) /gm)].map(([, number]) => Number(number))));
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
