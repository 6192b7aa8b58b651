import test from 'ava';
import { addressBytes } from '../../../src/lib/ip.js';
import { encode, finished, sequence, tagged, taggedBytes } from '../../../src/pki/asn1/write.js';
import { constraintFault } from '../../../src/pki/x509/constraints.js';
import { EXTENSION, extension } from '../../../src/pki/x509/extensions.js';
import { nameToAsn1, parseName } from '../../../src/pki/x509/name.js';
import { craft } from '../../support/crafted.js';

type GeneralName = ReturnType<typeof taggedBytes>;

const dns = (name: string) => taggedBytes(2, name);
const email = (name: string) => taggedBytes(1, name);
const uri = (name: string) => taggedBytes(6, name);
const ip = (...addresses: string[]) => taggedBytes(7, Buffer.concat(addresses.map(addressBytes)));
const directory = (name: string) => tagged(4, finished(encode(nameToAsn1(parseName(name)))));

const rules = (permitted: GeneralName[], excluded: GeneralName[] = []) =>
  extension(
    EXTENSION.nameConstraints,
    true,
    sequence(
      ...(permitted.length === 0 ? [] : [tagged(0, ...permitted.map((each) => sequence(each)))]),
      ...(excluded.length === 0 ? [] : [tagged(1, ...excluded.map((each) => sequence(each)))]),
    ),
  );

async function faultOf(name: GeneralName, permitted: GeneralName[], excluded: GeneralName[] = [], whose = 'Other') {
  const root = await craft({ name: 'Root', authority: true, extensions: [rules(permitted, excluded)] });
  const names = extension(EXTENSION.subjectAltName, false, sequence(name));
  const leaf = await craft({ name: 'leaf', subject: `/C=US/O=${whose}/CN=leaf`, issuer: root, extensions: [names] });
  return constraintFault([leaf.certificate, root.certificate]);
}

const inside: [what: string, name: GeneralName, base: GeneralName][] = [
  ['a DNS name below its domain', dns('a.Clinic.example'), dns('clinic.EXAMPLE')],
  ['the domain itself', dns('clinic.example'), dns('clinic.example')],
  ['a DNS name below a domain with a dot', dns('a.clinic.example'), dns('.clinic.example')],
  ['an address in its range', ip('192.0.2.7'), ip('192.0.2.0', '255.255.255.0')],
  ['an IPv6 address in its range', ip('2001:db8::7'), ip('2001:db8::', 'ffff:ffff::')],
  ['a mailbox of its host', email('it@clinic.example'), email('clinic.example')],
  ['a mailbox of a host below its domain', email('it@a.clinic.example'), email('.clinic.example')],
  ['a mailbox itself', email('it@clinic.example'), email('it@clinic.example')],
  ['a URI of its host', uri('https://clinic.example:8443/x'), uri('clinic.example')],
  ['a directory name below its own', directory('/C=US/O=clinic/CN=x'), directory('/C=US/O=Clinic')],
];
const outside: typeof inside = [
  ['a DNS name of another domain', dns('a.other.example'), dns('clinic.example')],
  ['a DNS name that only ends like it', dns('myclinic.example'), dns('clinic.example')],
  ['the domain itself where only names below it are meant', dns('clinic.example'), dns('.clinic.example')],
  ['an address beyond its range', ip('192.0.3.7'), ip('192.0.2.0', '255.255.255.0')],
  ['an IPv6 address where IPv4 is meant', ip('2001:db8::7'), ip('192.0.2.0', '255.255.255.0')],
  ['a mailbox of another host', email('it@a.clinic.example'), email('clinic.example')],
  ['another mailbox', email('hr@clinic.example'), email('it@clinic.example')],
  ['a URI of another host', uri('https://other.example/clinic.example'), uri('clinic.example')],
  ['another directory name', directory('/C=US/O=Other/CN=x'), directory('/C=US/O=Clinic')],
];
for (const [what, name, base] of inside) {
  test(`${what} is permitted, and excluded where it is excluded`, async (t) => {
    t.is(await faultOf(name, [base], [], 'Clinic'), undefined);
    t.regex((await faultOf(name, [], [base])) ?? '', /is excluded by its authority CN=Root,C=US \(excluded subtree/);
  });
}
for (const [what, name, base] of outside) {
  test(`${what} is not permitted, and not excluded either`, async (t) => {
    t.regex(
      (await faultOf(name, [base])) ?? '',
      /outside of what its authority CN=Root,C=US may sign \(permitted subtree/,
    );
    t.is(await faultOf(name, [], [base]), undefined);
  });
}

test('a kind of name that is not judged is a fault wherever it is constrained', async (t) => {
  const registered = taggedBytes(8, Buffer.of(0x2a, 0x03));
  t.not(await faultOf(registered, [registered]), undefined);
  t.not(await faultOf(registered, [], [registered]), undefined);
  t.is(await faultOf(registered, [dns('clinic.example')]), undefined);
});

test('a common name counts as a DNS name where there is no other, as for OpenSSL', async (t) => {
  const root = await craft({ name: 'Root', authority: true, extensions: [rules([dns('clinic.example')])] });
  const bare = await craft({ name: 'emr.other.example', issuer: root });
  t.regex(constraintFault([bare.certificate, root.certificate]) ?? '', /DNS:emr\.other\.example/);
});
