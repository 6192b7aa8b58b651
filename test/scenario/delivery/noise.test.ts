import test from 'ava';
import { SHORT_TIMES, Stage } from '../../support/agent.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import type { Send } from '../../support/hostile-behaviour.js';
import { ALERT } from '../../support/tls-alert.js';
import { until } from '../../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const noises: [what: string, send: Send, harmless: boolean][] = [
  ['octets that are no TLS', 'rubbish', false],
  ['a fatal alert', { alert: { level: 'fatal', description: ALERT.internalError } }, false],
  ['application data', { text: 'HTTP/1.1 200 OK\r\n\r\n'.repeat(1000) }, true],
];
for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const [what, send, harmless] of noises) {
    test(`a collector that sends ${what} under ${version} loses nothing`, async (t) => {
      const collector = await collecting(t, pki, { send, tls: version });
      const stage = new Stage(t, {
        pki,
        collectors: [{ host: 'localhost', port: collector.port }],
        delivery: { epochIntervalMs: 100 },
        times: { ...SHORT_TIMES, stallMs: 10_000 },
      });
      stage.write(200);
      const agent = await stage.start();
      if (harmless)
        await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'the acknowledgement' });
      else await until(() => agent.delivery.lastFailure, { what: 'a failure to be told' });
      t.is(agent.delivery.lastLevel, harmless ? 'close-notify' : undefined);

      collector.behave({});
      stage.write(200);
      await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
      await agent.stop();
      const { lost, altered, renamed, repeatedMessages } = stage.delivered(collector.messages);
      t.deepEqual({ lost, altered, renamed }, { lost: [], altered: [], renamed: [] });
      if (harmless) t.is(repeatedMessages, 0);
    });
  }
}
