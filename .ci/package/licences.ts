/** What the licences of all that is bundled ask for: their texts, each beside the name of what it covers. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component } from './bundle.js';
import type { Release } from './release.js';
import type { Runtime } from './runtime.js';

const RULE = '-'.repeat(72);

/** One text for the whole package: ours, then each component's, then that of Node.js and what it contains. */
export async function licenceTexts(
  { root, name }: Release,
  components: readonly Component[],
  runtime: Runtime,
): Promise<string> {
  const own = await readFile(join(root, 'LICENSE'), 'utf8');
  const theirs = await Promise.all(components.map(async (one) => section(title(one), await licenceOf(one))));
  const node = section(
    `Node.js ${runtime.version} (MIT, and those of what it contains)`,
    await readFile(runtime.licence, 'utf8'),
  );
  return [section(`${name} (MIT)`, own), ...theirs, node].join('\n');
}

function title({ name, version, licence }: Component): string {
  return `${name} ${version} (${licence})`;
}

function section(heading: string, text: string): string {
  return `${RULE}\n${heading}\n${RULE}\n\n${text.trim()}\n`;
}

/** A package without a text of its licence may not be passed on. */
async function licenceOf({ name, directory }: Component): Promise<string> {
  const files = (await readdir(directory)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  if (files.length > 0)
    return (await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))).join('\n');
  const readme = await readFile(join(directory, 'README.md'), 'utf8').catch(() => '');
  const [, text] = /^#+ *licen[cs]e.*?\n([\s\S]+?)(?=^#|(?![\s\S]))/im.exec(readme) ?? [];
  if (text === undefined) throw new Error(`${name} says no licence text: neither in a file nor in its README.md`);
  return text;
}
