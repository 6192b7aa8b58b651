/**
 * Puts a measurement between its markers in docs/benchmarks.md:
 *
 *    <!-- bench: text -->
 *    | sender | …
 *
 *    2026-12-01 06:45 UTC, 5 rounds, load 0.1 before and 1.8 after.
 *    <!-- /bench -->
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

/** Throws when the page has no place for it. */
export function writeToPage(name: string, text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const begin = `<!-- bench: ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf('<!-- /bench -->', from);
  if (from === -1 || to === -1) throw new Error(`docs/benchmarks.md has no place for ${name}: ${begin.trim()}`);
  writeFileSync(PAGE, page.slice(0, from + begin.length) + text + page.slice(to));
}
