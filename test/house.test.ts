import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { cycles, type Files, importsOf, untidy, varyingMessages, wrongImports } from './support/house.js';
import { thisPackage } from './support/package.js';

function filesBelow(directory: string): Files {
  const root = fileURLToPath(new URL(directory, thisPackage));
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return new Map(paths.sort().map((path) => [path, readFileSync(`${root}${path}`, 'utf8')]));
}

function files(made: Record<string, string>): Files {
  return new Map(Object.entries(made));
}

const src = filesBelow('src/');
const tests = filesBelow('test/');
const packaging = filesBelow('.ci/');

test('imports run one way, and packages are known where they belong', (t) => {
  t.true(src.size > 20);
  t.deepEqual(wrongImports(src), []);
});

test('no file of ours imports itself, however far around', (t) => t.deepEqual(cycles(src), []));

test('files say what they do, and leave nothing for later', (t) => t.deepEqual(untidy(src), []));

test('the packaging keeps the same rules', (t) => {
  t.true(packaging.size > 10);
  t.deepEqual(cycles(packaging), []);
  t.deepEqual(untidy(packaging), []);
});

test('messages of the log are constant', (t) => {
  t.deepEqual(
    [...src].flatMap(([path, text]) => varyingMessages(path, text)),
    [],
  );
});

test('no test is left out, and none is alone', (t) => {
  const left = [...tests].filter(([, text]) => /\btest(\.\w+)*\.(only|skip|todo|failing)\b/.test(text));
  t.deepEqual(
    left.map(([path]) => path),
    [],
  );
});

// From here on: that the rules above find what they are for.

test('imports are found in every form', (t) => {
  const text = `import a from './a.js';
import type { B } from './b.js';
export { c } from './c.js';
export * from './d.js';
import './e.js';
const f = await import('./f.js');
type G = import('./g.js').G;
import { h } from 'winston';`;
  t.deepEqual(importsOf(text).sort(), [
    './a.js',
    './b.js',
    './c.js',
    './d.js',
    './e.js',
    './f.js',
    './g.js',
    'winston',
  ]);
});

const imports: [from: string, to: string, right: boolean][] = [
  ['main.ts', './cli/program.js', true],
  ['cli/run.ts', '../agent/agent.js', true],
  ['cli/run.ts', '../pki/keys.js', true],
  ['cli/cert/init.ts', '../../pki/keys.js', true],
  ['agent/agent.ts', '../config/config.js', true],
  ['link/connect.ts', './link.js', true],
  ['link/connect.ts', '../lib/clock.js', true],
  ['observe/logger.ts', 'winston', true],
  ['link/connect.ts', 'node:tls', true],
  ['cli/run.ts', '../main.js', false],
  ['agent/agent.ts', '../cli/voice.js', false],
  ['delivery/forward.ts', '../link/link.js', true],
  ['encode/plain.ts', '../syslog/rfc5424.js', true],
  ['link/refusal.ts', '../pki/x509/words.js', true],
  ['link/connect.ts', '../agent/agent.js', false],
  ['link/connect.ts', '../delivery/forward.js', false],
  ['pki/handshake.ts', '../link/link.js', false],
  ['link/connect.ts', '../journal/journal.js', false],
  ['link/connect.ts', '../config/config.js', false],
  ['config/load.ts', '../link/connect.js', false],
  ['config/load.ts', '../cli/usage-error.js', false],
  ['lib/clock.ts', '../model/report.js', true],
  ['model/report.ts', '../lib/clock.js', false],
  ['link/connect.ts', 'winston', false],
  ['agent/agent.ts', 'winston', false],
  ['cli/check.ts', 'node-forge', false],
  ['source/find/finder.ts', 'node:fs/promises', false],
  ['lib/files.ts', 'node:fs/promises', true],
  ['pieces/a.ts', './b.js', false],
];
for (const [from, to, right] of imports) {
  test(`${from} ${right ? 'may' : 'may not'} import ${to}`, (t) => {
    t.is(wrongImports(files({ [from]: `import type { X } from '${to}';` })).length, right ? 0 : 1);
  });
}

test('a circle is found, however it is entered, and told once', (t) => {
  const made = files({
    'link/z.ts': "import './c.js';",
    'link/c.ts': "import './a.js';",
    'link/a.ts': "import './b.js'; import '../lib/x.js';",
    'link/b.ts': "import './c.js';",
    'lib/x.ts': '',
  });
  t.deepEqual(cycles(made), ['link/a.ts -> link/b.ts -> link/c.ts -> link/a.ts']);
  t.deepEqual(
    cycles(files({ 'a.ts': "import './b.js'; import './c.js';", 'b.ts': "import './c.js';", 'c.ts': '' })),
    [],
  );
});

test('a message that varies is found, wherever its report stands', (t) => {
  const text = `this.#report.error(\`bad line: \${line}\`); report.info('a' + b); logger.warning('fine', { line: b });`;
  t.deepEqual(varyingMessages('a.ts', text), ['a.ts: `bad line: $'.concat('{line}`'), "a.ts: 'a' + b"]);
});

test('a file that does not say what it does or leaves something for later is found', (t) => {
  const opening = '/** Does something. */\n';
  const found = untidy(
    files({
      'a.ts': `${opening}${'x;\n'.repeat(2500)}`,
      'b.ts': 'const b = 1;\n',
      'c.ts': `${opening}// ${'TO'}DO later\n`,
      'd.ts': `#!/usr/bin/env node\n${opening}x;\n`,
    }),
  );
  t.deepEqual(
    found.map((fault) => fault.slice(0, 4)),
    ['b.ts', 'c.ts'],
  );
});
