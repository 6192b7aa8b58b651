import test from 'ava';
import { buildChain, issued, leafOf } from '../../../src/pki/x509/chain.js';
import { makeLongChain, makeTestPki } from '../../support/certificates.js';

test('a chain is found among certificates in any order', async (t) => {
  const chain = await makeLongChain();
  const [root, intermediate, leaf] = [chain.root, chain.intermediate, chain.leaf].map((each) => each.certificate);

  const found = buildChain(leaf!, [root!, leaf!, intermediate!], [root!]);

  t.deepEqual(found.certificates, [leaf!, intermediate!, root!]);
  t.true(found.isAnchored);
  t.is(leafOf([root!, intermediate!, leaf!]), leaf);
});

test('without its intermediate, or with another root, a chain is not anchored', async (t) => {
  const { root, intermediate, leaf } = await makeLongChain();
  const other = await makeLongChain();

  t.false(buildChain(leaf.certificate, [], [root.certificate]).isAnchored);
  t.false(buildChain(leaf.certificate, [intermediate.certificate], [other.root.certificate]).isAnchored);
  t.deepEqual(buildChain(leaf.certificate, [other.intermediate.certificate], []).certificates, [leaf.certificate]);
});

test('a self-signed certificate is trusted when it is listed itself, and its chain ends', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { certificate } = await pki.leaf('self-signed');

  t.true(buildChain(certificate, [], [certificate]).isAnchored);
  t.deepEqual(buildChain(certificate, [certificate], []), { certificates: [certificate], isAnchored: false });
});

test('an authority of the same name with another key issued nothing here', async (t) => {
  const one = await makeTestPki();
  t.teardown(one.remove);
  const other = await makeTestPki();
  t.teardown(other.remove);

  t.true(issued(one.authority.certificate, one.agent.certificate));
  t.false(issued(other.authority.certificate, one.agent.certificate));
});
