/** The command lines of the program that it prints itself, and that its units, packages and configuration hold. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describedProgram } from '../../.ci/package/described-program.js';
import { type CommandLine, wordsOf } from './documented.js';
import { thisPackage } from './package.js';

const NAME = 'openemr-audit-forwarder';
const DESCRIBED = await describedProgram();
const COMMANDS = DESCRIBED.commands.map((command) => command.name());

/** What a value that is known only at run time is written as; none of our options takes it amiss. */
const VALUE = 'VALUE';

function filesBelow(directory: string, wanted: (path: string) => boolean): string[] {
  const below = readdirSync(new URL(`${directory}/`, thisPackage), { recursive: true, withFileTypes: true });
  const root = fileURLToPath(thisPackage);
  return below
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter(wanted)
    .sort();
}

/** Every text in the source: a hint, a help, the description of a key. */
export function printedLines(): CommandLine[] {
  return filesBelow('src', (path) => path.endsWith('.ts')).flatMap((path) => {
    const source = ts.createSourceFile(
      path,
      readFileSync(new URL(path, thisPackage), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    return textsIn(source).flatMap(({ text, line }) => linesIn(text, `${path}:${line}`));
  });
}

/** Of the units, what the packages print, and the configuration as it is installed. */
export function installedLines(): CommandLine[] {
  return ['systemd', 'config', '.ci/package'].flatMap((directory) =>
    filesBelow(directory, (path) => !path.endsWith('.ts')).flatMap((path) =>
      readFileSync(new URL(path, thisPackage), 'utf8')
        .split('\n')
        .flatMap((text, index) => linesIn(text, `${path}:${index + 1}`)),
    ),
  );
}

function textsIn(source: ts.SourceFile): { text: string; line: number }[] {
  const texts: { text: string; line: number }[] = [];
  const look = (node: ts.Node) => {
    const text = textOf(node);
    if (text !== undefined) {
      texts.push({ text, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return texts;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  const spans = node.templateSpans.map(({ expression, literal }) => {
    const isName = ts.isIdentifier(expression) && expression.text === 'COMMAND';
    return (isName ? NAME : VALUE) + literal.text;
  });
  return node.head.text + spans.join('');
}

/** `linesIn('run: openemr-audit-forwarder check --offline; then …')`: the program's name and what is its command line. */
export function linesIn(text: string, place: string): CommandLine[] {
  const named = [
    ...text.matchAll(new RegExp(`(?<before>\\S* ?)(?<![/\\w.-])(?:/usr/bin/)?${NAME} (?<rest>[^\\n]+)`, 'g')),
  ];
  const inFull = named.filter(({ groups }) => !isProse(groups?.rest ?? ''));
  const bare = [
    ...text.matchAll(
      new RegExp(
        `(?<![\\w-])(?<!${NAME} (?:cert )?)(?<rest>(?:${COMMANDS.join('|')}) (?:[a-z0-9]+ )?--[a-z][^\\n]*)`,
        'g',
      ),
    ),
  ];
  return [...inFull, ...bare].flatMap(({ groups }) => {
    const args = argumentsIn(groups?.rest ?? '');
    // A command that is known only at run time stands somewhere else in full.
    if (args.length === 0 || args[0] === VALUE) return [];
    return [{ place, text: [NAME, ...args].join(' '), args }];
  });
}

/** `openemr-audit-forwarder is not running`: a sentence about it. A misspelt command must not pass for one. */
function isProse(rest: string): boolean {
  return /^(is|did|makes|has|was|and|or) /.test(rest);
}

/** Up to where the sentence goes on: behind the command, and behind the last option with its value. */
function argumentsIn(rest: string): string[] {
  const [line = ''] = rest.split(/[;,)"`…]|: |\.? \(|\.$| {2}|&&/);
  const words = wordsOf(line);
  const first = DESCRIBED.commands.find((command) => command.name() === words[0]);
  const inFamily = (first?.commands.length ?? 0) > 0;
  const command = inFamily ? first?.commands.find((each) => each.name() === words[1]) : first;
  const last = words.findLastIndex((word) => word.startsWith('--'));
  const takesValue = command?.options.some((option) => option.long === words[last] && !option.isBoolean());
  return words.slice(0, Math.max(inFamily ? 2 : 1, last + (takesValue ? 2 : 1)));
}
