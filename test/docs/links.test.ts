/** What a reader of the documents clicks on leads somewhere, and tables are drawn as tables on GitHub. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { thisPackage } from '../support/package.js';

const ROOT = fileURLToPath(thisPackage);

function documents(): string[] {
  const below = ['docs', 'certs.example'].flatMap((directory) =>
    readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' }).map((path) => join(directory, path)),
  );
  const top = readdirSync(ROOT);
  return [...top, ...below].filter((path) => path.endsWith('.md')).sort();
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Blocks of code hold no links, no headings and no tables. */
function proseOf(path: string): string {
  return textOf(path).replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}

/** As GitHub makes them: lower case, blanks to hyphens, all but letters, digits, hyphens and underscores gone. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

interface Link {
  readonly from: string;
  readonly to: string;
}

function linksOf(path: string): Link[] {
  const prose = proseOf(path).replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => ({ from: path, to }));
}

/** What is wrong with it; `undefined` when it leads somewhere. */
function fault({ from, to }: Link): string | undefined {
  if (/^https?:/.test(to)) return undefined;
  const [file = '', anchor] = to.split('#');
  const target = file === '' ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, target))) return `${from}: ${to}: there is no ${target}`;
  if (anchor === undefined || anchorsOf(proseOf(target)).includes(anchor)) return undefined;
  return `${from}: ${to}: ${target} has no heading for #${anchor}`;
}

function cellsOf(row: string): number {
  return row.replaceAll(/\\\||`[^`]*`/g, '').split('|').length;
}

/** Rows with more or fewer cells than their heading: GitHub drops the ones and leaves the others empty. */
function ragged(path: string): string[] {
  return proseOf(path)
    .split(/\n(?!\|)/)
    .flatMap((block) => {
      const [heading = '', ...rows] = block.split('\n').filter((line) => line.startsWith('|'));
      return rows.filter((row) => cellsOf(row) !== cellsOf(heading)).map((row) => `${path}: ${row}`);
    });
}

test('each link between the documents leads to a file, and to a heading in it', (t) => {
  const links = documents().flatMap(linksOf);
  t.true(links.length > 50, `${links.length} links`);
  t.deepEqual(links.map(fault).filter(Boolean), []);
});

test('each source file that a document names is there', (t) => {
  const lost = documents().flatMap((path) =>
    [...proseOf(path).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => !['', 'src'].some((folder) => existsSync(join(ROOT, folder, name))))
      .map((name) => `${path}: ${name}`),
  );
  t.deepEqual(lost, []);
});

test('each row of a table has as many cells as its heading', (t) => {
  t.deepEqual(documents().flatMap(ragged), []);
});

test('each document begins with its one title, and no level of heading is left out', (t) => {
  for (const path of documents()) {
    const levels = [...proseOf(path).matchAll(/^(#+) /gm)].map(([, hashes = '']) => hashes.length);
    t.is(levels[0], 1, path);
    t.is(levels.filter((level) => level === 1).length, 1, `${path}: titles`);
    for (const [index, level] of levels.entries()) t.true(level <= (levels[index - 1] ?? 0) + 1, `${path}: ${levels}`);
  }
});

test('the changelog has the form of Keep a Changelog 1.1.0', (t) => {
  const text = proseOf('CHANGELOG.md');
  const releases = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  t.is(releases[0], '[Unreleased]');
  for (const release of releases.slice(1)) t.regex(release ?? '', /^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
  for (const [, kind = ''] of text.matchAll(/^### (.+)$/gm)) {
    t.true(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'].includes(kind), kind);
  }
});

test('a link that leads nowhere is found', (t) => {
  t.regex(fault({ from: 'README.md', to: 'docs/nowhere.md' }) ?? '', /there is no docs\/nowhere\.md/);
  t.regex(fault({ from: 'docs/design.md', to: 'delivery.md#nothing' }) ?? '', /no heading for #nothing/);
  t.is(fault({ from: 'docs/design.md', to: '../README.md#the-promise' }), undefined);
});
