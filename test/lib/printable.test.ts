import { execFileSync } from 'node:child_process';
import test from 'ava';
import { printable, shellWord } from '../../src/lib/printable.js';

for (const [path, shown] of [
  ['/var/log/ü 😀.log', '/var/log/ü 😀.log'],
  ['/var/log/back\\slash', '/var/log/back\\slash'],
  ['/a/lat\udcfc1.log', '/a/lat\\xfc1.log'],
  ['/a/\u001b[31mred\n', '/a/\\x1b[31mred\\x0a'],
  ['/a/back\\slash\n', '/a/back\\\\slash\\x0a'],
  ['/a/gnp.\u202egol', '/a/gnp.\\u202egol'],
  ['/a/\u0085\ud800', '/a/\\u0085\\ud800'],
] as const) {
  test(`a path is printed as ${shown}`, (t) => t.is(printable(path), shown));
}

for (const [path, word] of [
  ['/var/log/audit-2026.log', '/var/log/audit-2026.log'],
  ['/a/$(id);`id`&.log', "'/a/$(id);`id`&.log'"],
  ["/a/it's.log", "'/a/it'\\''s.log'"],
  ["/a/\u001b[31m'\\\n", "$'/a/\\x1b[31m\\'\\\\\\x0a'"],
  ['/a/gnp.\u202egol', "$'/a/gnp.\\xe2\\x80\\xaegol'"],
] as const) {
  test(`a shell takes ${word} for one word, the path`, (t) => {
    t.is(shellWord(path), word);
    t.is(execFileSync('bash', ['-c', `printf %s ${word}`], { encoding: 'utf8' }), path);
  });
}
