/** The version of this program: that of the package which the running file belongs to. */
import { existsSync, readFileSync } from 'node:fs';

export function packageVersion(from: string = import.meta.url): string {
  for (let directory = new URL('.', from); ; directory = new URL('..', directory)) {
    const file = new URL('package.json', directory);
    if (existsSync(file)) return String(JSON.parse(readFileSync(file, 'utf8')).version);
    if (directory.pathname === '/') return 'unknown';
  }
}
