/** The rules of the house as functions over source text, so that they can be shown to find what they are for. */
import ts from 'typescript';

/** Source files by their path below `src/`, `link/connect.ts`. */
export type Files = ReadonlyMap<string, string>;

const PARTS =
  'ingest encode delivery source openemr atna syslog journal link export pki observe verify seal collector config'.split(
    ' ',
  );

/** What each folder may import, beside itself, model and lib: downward only. */
const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['main', ['cli', 'agent', ...PARTS]],
  ['cli', ['agent', ...PARTS]],
  ['agent', PARTS],
  ['ingest', ['source', 'encode', 'journal', 'syslog', 'config']],
  ['delivery', ['link', 'journal', 'verify', 'syslog']],
  ['encode', ['openemr', 'atna', 'syslog', 'config']],
  ['link', ['pki']],
  ['collector', ['pki', 'syslog']],
  ['config', ['pki']],
  ['export', ['openemr']],
  ['verify', ['seal']],
  ...'source openemr atna syslog journal pki observe seal lib model'.split(' ').map((part) => [part, []] as const),
]);

/** Areas that ask the system for files themselves; the others do it through `Files` in lib, which a test can replace. */
const KNOW_THE_DISK = 'agent cli config export journal lib link observe pki'.split(' ');

/** Who may know a package; those that are not named here belong to everybody. */
const KNOWN_BY: ReadonlyMap<string, readonly string[]> = new Map([
  ['winston', ['observe']],
  ['prom-client', ['observe']],
  ['convict', ['config']],
  ['yaml', ['config', 'cli']],
  ['commander', ['cli']],
  ['chokidar', ['source']],
  ['node-forge', ['pki']],
  ['re2js', ['lib']],
  ['node:fs', KNOW_THE_DISK],
  ['node:fs/promises', KNOW_THE_DISK],
]);

function allowedFor(area: string): readonly string[] | undefined {
  const below = MAY_IMPORT.get(area);
  return below && (area === 'model' ? below : [...below, 'model', 'lib']);
}

/** `link/connect.ts` is in link, `main.ts` in main. */
function areaOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}

/** What a file imports, as it is written: `../lib/clock.js`, `winston`. Types count as well. */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** Paths below `src/` that a file imports. */
function ownImports(path: string, text: string): string[] {
  return importsOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => new URL(name, `file:///${path}`).pathname.slice(1).replace(/\.js$/, '.ts'));
}

/** Imports against the direction, and packages where nobody knows them. */
export function wrongImports(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    const area = areaOf(path);
    const allowed = allowedFor(area);
    if (allowed === undefined) return [`${path} is in no known folder`];
    const against = ownImports(path, text).filter((to) => areaOf(to) !== area && !allowed.includes(areaOf(to)));
    const strange = importsOf(text).filter((name) => KNOWN_BY.get(name)?.includes(area) === false);
    return [...against, ...strange].map((to) => `${path} imports ${to}`);
  });
}

/** Each circle once, as `a.ts -> b.ts -> a.ts`, beginning with its first name in the alphabet. */
export function cycles(files: Files): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.add(circle(trail.slice(trail.indexOf(path))));
      return;
    }
    if (done.has(path)) return;
    for (const to of ownImports(path, files.get(path) ?? '')) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return [...found];
}

function circle(paths: readonly string[]): string {
  const first = paths.indexOf(paths.toSorted()[0]!);
  const turned = [...paths.slice(first), ...paths.slice(0, first)];
  return [...turned, turned[0]].join(' -> ');
}

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error'];

/** Calls that say something in the log in other words each time; what changes belongs into the facts. */
export function varyingMessages(path: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      const [message] = node.arguments;
      const toReport = LEVELS.includes(name.text) && /report$|logger$/i.test(expression.getText());
      if (toReport && message !== undefined && (ts.isTemplateExpression(message) || ts.isBinaryExpression(message))) {
        found.push(`${path}: ${message.getText()}`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

// Bracketed, so that the rule does not find itself.
const LEFT_FOR_LATER = /\b(TOD[O]|FIXM[E]|XX[X])\b|@ts-(ignor[e]|expect-erro[r]|nochec[k])|biome-ignor[e]/;

/** Files that do not open with a comment, or leave something for later. */
export function untidy(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    const faults: string[] = [];
    if (!/^(#!.*\n)?\/\*\*/.test(text)) faults.push(`${path} does not open with a comment that says what it does`);
    if (LEFT_FOR_LATER.test(text)) faults.push(`${path} leaves something for later`);
    return faults;
  });
}
