/** The command lines of the program in the documents, as a shell would hand them to it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describedProgram } from '../../.ci/package/described-program.js';
import { thisPackage } from './package.js';

export interface CommandLine {
  /** `docs/certificates.md:21`. */
  readonly place: string;
  readonly text: string;
  readonly args: readonly string[];
}

const NAME = 'openemr-audit-forwarder';
const COMMANDS = (await describedProgram()).commands.map((command) => command.name());

function documents(): string[] {
  const root = fileURLToPath(thisPackage);
  const below = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).sort();
  return [
    'README.md',
    'CONTRIBUTING.md',
    ...below.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`),
  ];
}

/** Whole lines, to be typed as they are: those in blocks of code. */
export function typedLines(): CommandLine[] {
  return documents().flatMap((path) => linesOf(path, readFileSync(new URL(path, thisPackage), 'utf8')));
}

/** What is named within a sentence, with at least one option: `cert renew --request openemr.csr`. */
export function namedLines(): CommandLine[] {
  return documents().flatMap((path) => {
    const text = withoutBlocks(readFileSync(new URL(path, thisPackage), 'utf8'));
    return [...text.matchAll(/`([^`\n]+)`/g)].flatMap(({ 1: span = '', index }) => {
      const [first = '', ...rest] = wordsOf(span);
      const args = first === NAME ? rest : [first, ...rest];
      const isOurs = COMMANDS.includes(args[0] ?? '') && args.some((word) => word.startsWith('--'));
      return isOurs ? [{ place: `${path}:${lineAt(text, index)}`, text: span, args }] : [];
    });
  });
}

function linesOf(path: string, text: string): CommandLine[] {
  return [...text.matchAll(/^ *```[^\n]*\n([\s\S]*?)^ *```/gm)].flatMap(({ 1: block = '', index }) => {
    const whole = block.replaceAll(/\\\n */g, '');
    const pattern = new RegExp(`^ *(?:[$#] )?(?:sudo )?(?:-u \\S+ )?(?:\\S*/)?${NAME} (.+)$|&& ${NAME} (.+)$`, 'gm');
    return [...whole.matchAll(pattern)].map(({ 0: found, 1: alone, 2: after }) => ({
      place: `${path}:${lineAt(text, index)}`,
      text: found.trim(),
      args: wordsOf(alone ?? after ?? ''),
    }));
  });
}

/** Blocks become empty lines, so that line numbers hold. */
function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```/gm, (block) => block.replaceAll(/[^\n]/g, ''));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** Words and quotes as sh has them, up to a comment or the next command. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (/^(#|\||&&|;|>|<$|…$)/.test(word)) break;
    words.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_quoted, double, single) => double ?? single));
  }
  return words;
}
