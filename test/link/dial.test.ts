import test from 'ava';
import { systemClock } from '../../src/lib/clock.js';
import type { Network } from '../../src/lib/network.js';
import type { TlsMaterial } from '../../src/link/connect.js';
import { DialFailed, Dialler } from '../../src/link/dial.js';
import { LINK_TIMES, Link } from '../../src/link/link.js';
import { LinkError } from '../../src/link/refusal.js';
import { type CollectorAddress, Targets } from '../../src/link/targets.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { freePort } from '../support/free-port.js';
import { LINKING, POLICY } from '../support/linking.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const never = new AbortController().signal;

function diallerFor(
  collectors: readonly CollectorAddress[],
  {
    lookup = async () => ['127.0.0.1'],
    material,
  }: { lookup?: Network['lookup']; material?: () => Promise<TlsMaterial> } = {},
): Dialler {
  const { ca, agent } = pki;
  const own = async () => ({ ca, cert: agent.cert, key: agent.key, crl: undefined });
  return new Dialler(new Targets(collectors, lookup, systemClock), material ?? own, POLICY, LINKING, LINK_TIMES);
}

test('the first collector that accepts a connection is used, and next time it is tried before the dead one', async (t) => {
  const { port } = await collecting(t, pki);
  const dead = await freePort();
  const tried: string[] = [];
  const dialler = diallerFor(
    [
      { host: 'localhost', port: dead },
      { host: 'localhost', port },
    ],
    {
      material: async () => {
        tried.push('once');
        return { ca: pki.ca, cert: pki.agent.cert, key: pki.agent.key, crl: undefined };
      },
    },
  );
  const one = await dialler.dial(never);
  t.is(one.target.port, port);
  one.link.destroy();
  const other = await dialler.dial(never);
  t.is(other.target.port, port);
  other.link.destroy();
  t.is(tried.length, 3, 'the credentials are read for each connection, and the dead one was tried once');
});

test('when no collector accepts a connection, the reason of each is reported', async (t) => {
  const collectors = [
    { host: 'nobody.example', port: 6514 },
    { host: 'localhost', port: await freePort() },
  ];
  const lookup: Network['lookup'] = async (host) => {
    if (host === 'localhost') return ['127.0.0.1'];
    throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  };
  const error = await t.throwsAsync<DialFailed>(diallerFor(collectors, { lookup }).dial(never), {
    instanceOf: DialFailed,
  });
  t.deepEqual(
    error?.refusals.map(({ code }) => code),
    ['unknown-host', 'refused'],
  );
});

test('without a usable certificate of our own no collector is tried', async (t) => {
  const collector = await collecting(t, pki);
  const fault = new LinkError('own-certificate', 'us', 'it has expired', 'renew it');
  const dialler = diallerFor([{ host: 'localhost', port: collector.port }], {
    material: () => Promise.reject(fault),
  });
  const error = await t.throwsAsync<DialFailed>(dialler.dial(never));
  t.deepEqual(error?.refusals, [fault]);
  t.is(collector.counts.connections, 0);
});

test('dialling an address again gives a link in time, or the reason why not', async (t) => {
  const good = await collecting(t, pki);
  const mute = await collecting(t, pki, { handshake: 'never' });
  const at = (port: number) => ({ host: 'localhost', address: '127.0.0.1', port });
  const dialler = diallerFor([]);
  const link = await dialler.dialWithin(at(good.port), 5_000, never);
  t.true(link instanceof Link && link.alive);
  if (link instanceof Link) link.destroy();
  t.like(await dialler.dialWithin(at(mute.port), 100, never), { code: 'no-handshake' });
  t.like(await dialler.dialWithin(at(await freePort()), 5_000, never), { code: 'refused' });
});

test('a better collector is dialled when there is one, and being refused there is no failure', async (t) => {
  const [first, second] = [await collecting(t, pki), await collecting(t, pki)];
  const collectors = [first, second].map(({ port }) => ({ host: 'localhost', port }));
  const present = { host: 'localhost', address: '127.0.0.1', port: second.port };
  const dialler = diallerFor(collectors);
  const better = await dialler.dialPreferred(present, never);
  t.is(better?.target.port, first.port);
  better?.link.destroy();
  await first.close();
  t.is(await dialler.dialPreferred(present, never), undefined);
  t.is(await dialler.dialPreferred(present, never), undefined);
});
