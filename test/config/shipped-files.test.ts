import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { keysBelow } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';
import { load, loadExported, refusal } from '../support/config.js';
import { thisPackage } from '../support/package.js';

const shipped = readFileSync(new URL('config/config.yaml', thisPackage), 'utf8');
const examples = new URL('config/examples/', thisPackage);

/** Every key that stands behind a '#' put in force, but for those named. */
function uncommented(...without: string[]): string {
  return shipped.replaceAll(/^( *)#(\w+):/gm, (line, indent, name) =>
    without.includes(name) ? line : `${indent}${name}:`,
  );
}

test('the shipped configuration loads as it is', async (t) => {
  const config = await load(shipped);
  t.is(config.sources[0]?.name, 'main');
  t.is(config.collectors[0]?.host, 'hie.example.org');
});

test('the values behind a # in the shipped configuration are the defaults', async (t) => {
  const asShipped = await load(shipped);
  // These have no fixed default, or are alternatives: what they show is an example.
  const bare = uncommented('p12', 'passphraseFile', 'crl', 'serverName', 'hostname', 'timeZone', 'cert', 'key');
  t.deepEqual(await load(bare), asShipped);
  t.not(bare, shipped);
});

test('the examples behind a # in the shipped configuration are valid', async (t) => {
  const config = await load(uncommented('p12'));
  t.is(config.message.hostname, 'emr.clinic.example');
  t.is(config.tls.serverName, 'hie.example.org');
  t.false(config.sources[0]?.timeZoneGuessed);
  const p12 = uncommented().replaceAll(/^ {2}(cert|key): .*\n/gm, '');
  t.is((await load(p12)).tls.p12, '/etc/openemr-audit-forwarder/tls/openemr.p12');
});

for (const [listed, key] of keysBelow(schema)) {
  const path = listed.replaceAll('[]', '');
  test(`the shipped configuration explains ${path} in the words of the schema`, (t) => {
    const groups = path.split('.');
    const name = groups.pop();
    const section = groups.reduce((text, group) => text.slice(text.search(new RegExp(`^ *${group}:$`, 'm'))), shipped);
    const at = section.search(new RegExp(`^ *(- |#)?${name}:`, 'm'));
    t.true(at > 0, `${path} stands in its section`);
    const above = section
      .slice(0, at)
      .split('\n')
      .findLastIndex((line) => !/^ *(#|$)/.test(line) || /^ *#\w+:/.test(line));
    const comment = section
      .slice(0, at)
      .split('\n')
      .slice(above + 1);
    t.is(
      comment
        .map((line) => line.replace(/^ *# ?/, ''))
        .join(' ')
        .trim(),
      key.doc,
    );
  });
}

for (const name of readdirSync(examples)) {
  test(`the example ${name} loads`, async (t) => {
    const text = readFileSync(new URL(name, examples), 'utf8');
    const isOfAgent = /^sources:/m.test(text);
    const { length } = isOfAgent ? (await load(text)).sources : (await loadExported(text)).export.sites;
    t.true(length > 0);
  });
}

test('the shipped configuration exports the site that each OpenEMR has', async (t) => {
  const { export: exported } = await loadExported(shipped);
  t.is(exported.sites.length, 1);
  t.like(exported.sites[0], { name: 'default', host: 'localhost', port: 3306, tls: undefined });
});

test('the values behind a # in its export section are the defaults, or valid examples', async (t) => {
  const asShipped = await loadExported(shipped);
  t.deepEqual(await loadExported(uncommented('socket', 'passwordFile', 'ca', 'cert', 'key', 'verify')), asShipped);
  const site = (await loadExported(uncommented())).export.sites[0];
  t.like(site, { socket: '/run/mysqld/mysqld.sock', passwordFile: 'database-password' });
  t.is(site?.tls?.verify, 'name');
});

test('a shipped configuration with a key misspelt does not load', async (t) => {
  const error = await refusal(shipped.replace('paths:', 'path:'));
  t.regex(error.message, /sources\[0\]\.path: no such key; did you mean paths\?/);
});
