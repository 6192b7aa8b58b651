import test from 'ava';
import { pathFault } from '../../../src/pki/x509/path.js';
import { craft } from '../../support/crafted.js';
import { FAULTS, makeChain, makeWorld, type World } from '../../support/faulty-chains.js';

let world: World;
test.before(async () => {
  world = await makeWorld();
});

/** Of the certificate's name, which is asked for elsewhere. */
const NAMES = ['for another name', 'for no name'];

async function faultOf(situation: Parameters<typeof makeChain>[1], purposes: Parameters<typeof makeChain>[2]) {
  const { chain, ca, crl } = await makeChain(world, situation, purposes);
  return pathFault(
    chain.map(({ certificate }) => certificate),
    { ca, crl },
    Date.now(),
  );
}

for (const [fault, situation] of Object.entries(FAULTS).filter(([name]) => !NAMES.includes(name))) {
  test.serial(`a certificate for clients that is ${fault} is refused without OpenSSL, too`, async (t) => {
    t.not(await faultOf(situation(world), ['client']), undefined);
  });
}

test.serial('a certificate whose only fault is its purpose has no fault', async (t) => {
  const { issuing, root } = world;
  t.is(await faultOf({}, ['client']), undefined);
  t.is(await faultOf({ issuers: [issuing, root], listed: [{ of: issuing }, { of: root }] }, ['client']), undefined);
});

test.serial('an ended authority beside its successor with the same name and key does no harm', async (t) => {
  const { root } = world;
  const ended = await craft({ name: 'Root', authority: true, keyOf: root, from: -20, until: -10 });
  t.is(await faultOf({ trusted: [ended, root] }, ['client']), undefined);
  t.regex((await faultOf({ trusted: [ended] }, ['client'])) ?? '', /CN=Root,C=US expired on/);
});

test.serial('what has no wrong purpose was refused for something else, and stays refused', async (t) => {
  t.regex((await faultOf({}, ['server'])) ?? '', /extended key usage is not what is wrong/);
  t.regex((await faultOf({}, [])) ?? '', /extended key usage is not what is wrong/);
  t.is(pathFault([], { ca: undefined, crl: undefined }, Date.now()), 'no certificate was shown');
});
