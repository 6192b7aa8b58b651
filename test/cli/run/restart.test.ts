import test from 'ava';
import { withoutRestart } from '../../../src/cli/run/reload.js';
import { LEAST, load } from '../../support/config.js';

test('a change that needs a restart is left out and named, others are taken', async (t) => {
  const present = await load(LEAST);
  const next = await load(`${LEAST}
message: { appName: emr }
journal: { maxBytes: 1GiB }
status: { listen: off }
log: { level: debug, format: json }
`);

  const { config, left } = withoutRestart(next, present);

  t.deepEqual(left, ['journal.maxBytes', 'status.listen', 'log.format']);
  t.deepEqual(config, {
    ...next,
    journal: present.journal,
    status: present.status,
    log: { ...next.log, format: 'auto' },
  });
});

test('nothing is left when nothing changes', async (t) => {
  const present = await load(LEAST);
  t.deepEqual(withoutRestart(await load(LEAST), present), { config: present, left: [] });
});
