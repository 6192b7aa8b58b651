import test from 'ava';
import { Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const version = ['TLSv1.2', 'TLSv1.3'] as const;
for (const tls of version) {
  test(`under ${tls}, a collector that stops politely at our close with much unread is not believed`, async (t) => {
    const behaviour = { tls, close: { stopWithUnreadBytes: 20_000 } };
    const collectors = [await collecting(t, pki, behaviour)];
    const { port } = collectors[0]!;
    const stored = () => collectors.flatMap(({ messages }) => messages);
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port }],
      delivery: { epochIntervalMs: 100 },
      times: { backoff: { initialMs: 5, maxMs: 20 }, nextLinkMs: 300, nextLinkAfterCloseMs: 500 },
    });
    stage.write(1_000);
    const agent = await stage.start();
    for (let stop = 1; stop <= 4; stop += 1) {
      const last = collectors.at(-1)!;
      await until(() => last.counts.closeNotifies > 0, { what: `stop ${stop}` });
      await last.close();
      stage.write(100);
      collectors.push(await collecting(t, pki, stop === 4 ? { tls } : behaviour, { port }));
    }
    await until(() => agent.caughtUp && stage.complete(stored()), { what: 'all lines' });
    await agent.stop();

    const { lost, altered, renamed, holes } = stage.delivered(stored());
    t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
  });
}
