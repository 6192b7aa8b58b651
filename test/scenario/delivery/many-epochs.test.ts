import test from 'ava';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { runEpochs } from '../../support/many-epochs.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('a long row of epochs leaves no descriptor and no listener behind', async (t) => {
  await runEpochs(t, pki, 120);
});
