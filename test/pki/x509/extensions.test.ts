import test from 'ava';
import { alternativeNames, asHostName } from '../../../src/pki/x509/extensions.js';

test('host names become A-labels, wildcards stay, repeats go', (t) => {
  const names = alternativeNames({ dns: ['HIE.example.org', 'bücher.example', '*.clinic.example', 'hie.example.org'] });
  t.deepEqual(names.dns, ['hie.example.org', 'xn--bcher-kva.example', '*.clinic.example']);
});

for (const bad of [
  '',
  'a b',
  '192.0.2.1',
  '::1',
  'a..b',
  '-a.example',
  'a*.example',
  '*.*.example',
  `${'a'.repeat(64)}.example`,
]) {
  test(`${JSON.stringify(bad)} is no host name`, (t) => {
    t.is(asHostName(bad), undefined);
    t.throws(() => alternativeNames({ dns: [bad] }), { code: 'dns-invalid' });
  });
}

test('addresses and mailboxes are checked', (t) => {
  t.throws(() => alternativeNames({ ip: ['hie.example'] }), { code: 'ip-invalid' });
  t.throws(() => alternativeNames({ ip: ['fe80::1%eth0'] }), { code: 'ip-invalid' });
  t.throws(() => alternativeNames({ email: ['openemr'] }), { code: 'email-invalid' });
  t.deepEqual(alternativeNames({ ip: ['::1'], email: ['openemr@localhost'] }).ip, ['::1']);
});
