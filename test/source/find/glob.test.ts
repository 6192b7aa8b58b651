import test from 'ava';
import fc from 'fast-check';
import { compileGlob } from '../../../src/source/find/glob.js';

function matches(pattern: string, path: string): boolean {
  return compileGlob(pattern).some((glob) => glob.matches(path));
}

const cases: readonly (readonly [pattern: string, path: string, matched: boolean])[] = [
  ['/var/log/audit.log', '/var/log/audit.log', true],
  ['/var/log/audit.log', '/var/log/audit_log', false],
  ['/var/log/*.log', '/var/log/audit.log', true],
  ['/var/log/*.log', '/var/log/sub/audit.log', false],
  ['/var/log/*.log', '/var/log/.hidden.log', false],
  ['/var/log/.*.log', '/var/log/.hidden.log', true],
  ['/var/log/*', '/var/log', false],
  ['/srv/**/*.log', '/srv/a.log', true],
  ['/srv/**/*.log', '/srv/a/b/c.log', true],
  ['/srv/**/*.log', '/srv/.git/c.log', false],
  ['/srv/**', '/srv/a/b', true],
  ['/srv/**/sites/**/*.log', '/srv/x/sites/main/documents/a.log', true],
  ['/a/?.log', '/a/ü.log', true],
  ['/a/?.log', '/a/.log', false],
  ['/a/[0-9][!a-c].log', '/a/7d.log', true],
  ['/a/[0-9][!a-c].log', '/a/7b.log', false],
  ['/a/[]x].log', '/a/].log', true],
  ['/a/{b,c/{d,e}}/*.log', '/a/c/e/x.log', true],
  ['/a/{b,c/{d,e}}/*.log', '/a/c/x.log', false],
  ['/a/file.{log,log.[0-9]}', '/a/file.log.3', true],
  ['/a/\\*.log', '/a/*.log', true],
  ['/a/\\*.log', '/a/b.log', false],
  ['/a/\\{b.log', '/a/{b.log', true],
];

for (const [pattern, path, matched] of cases) {
  test(`${pattern} ${matched ? 'matches' : 'does not match'} ${path}`, (t) => {
    t.is(matches(pattern, path), matched);
  });
}

for (const [pattern, why] of [
  ['relative/*.log', /begin with \//],
  ['/a/{b,c', /no }/],
  ['/a/[b', /no \]/],
  [`/a/${'{a,b}'.repeat(11)}`, /more than 1000/],
] as const) {
  test(`${pattern.slice(0, 20)} is refused with the reason`, (t) => {
    const error = t.throws(() => compileGlob(pattern), { code: 'glob-invalid' });
    t.regex(error.message, why);
  });
}

test('a pattern that makes naive matchers explode is decided at once', (t) => {
  t.false(matches(`/${'*a'.repeat(60)}b`, `/${'a'.repeat(250)}`));
  t.false(matches(`${'/**/a'.repeat(30)}/b`, '/a'.repeat(200)));
});

test('a name without wildcards matches itself and nothing else', (t) => {
  const name = fc.stringMatching(/^[a-z0-9._-]{1,20}$/).filter((text) => text !== '.');
  fc.assert(fc.property(name, name, (a, b) => matches(`/x/${a}`, `/x/${b}`) === (a === b)));
  t.pass();
});
