import test from 'ava';
import { printable } from '../../src/lib/printable.js';

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
