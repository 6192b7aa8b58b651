/**
 * `tls.purpose: any` against real handshakes: OpenSSL names only one fault of a
 * chain, and a wrong purpose hides an unknown authority. Whatever the extended
 * key usage, a certificate with any other fault must be refused.
 */
import type { AddressInfo } from 'node:net';
import { createServer, type SecureVersion } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { connect, type TlsPolicy } from '../../src/link/connect.js';
import { LINK_TIMES } from '../../src/link/link.js';
import type { LinkError } from '../../src/link/refusal.js';
import { writeKey } from '../../src/pki/files/keys.js';
import { pemOf } from '../../src/pki/inspect.js';
import { type Crafted, craft, type Purpose } from '../support/crafted.js';
import { FAULTS, makeChain, makeWorld, type Situation, type World } from '../support/faulty-chains.js';
import { LINKING, POLICY } from '../support/linking.js';

let world: World;
test.before(async () => {
  world = await makeWorld();
});

const PURPOSES: Record<string, readonly Purpose[]> = {
  none: [],
  server: ['server'],
  client: ['client'],
  email: ['email'],
  any: ['any'],
};

async function meet(
  t: ExecutionContext,
  situation: Situation,
  purposes: readonly Purpose[],
  change: Partial<TlsPolicy> = {},
  maxVersion: SecureVersion = 'TLSv1.3',
) {
  const { chain, ca, crl } = await makeChain(world, situation, purposes);
  const cert = chain.map(({ certificate }) => pemOf(certificate)).join('');
  const server = createServer({ cert, key: writeKey(chain[0]!.key), maxVersion });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const link = await connect(
    { host: 'localhost', address: '127.0.0.1', port: (server.address() as AddressInfo).port },
    { ca, crl, cert: undefined, key: undefined },
    { ...POLICY, purpose: 'any', ...change },
    LINKING,
    new AbortController().signal,
    { ...LINK_TIMES, handshakeMs: 60_000 },
  );
  link.destroy();
  return link.peer;
}

for (const [name, purposes] of Object.entries(PURPOSES)) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test.serial(
      `a certificate with the usage ${name} and without a fault is taken with purpose any over ${version}`,
      async (t) => {
        const isForServers = name === 'none' || name === 'server';
        const { issuing, root } = world;
        t.is((await meet(t, {}, purposes, {}, version)).isForServers, isForServers);
        const deep = { issuers: [issuing, root], listed: [{ of: issuing }, { of: root }] };
        t.is((await meet(t, deep, purposes, {}, version)).isForServers, isForServers);
        t.is((await meet(t, deep, purposes, { verify: 'chain' }, version)).isForServers, isForServers);
      },
    );
  }

  for (const [fault, situation] of Object.entries(FAULTS)) {
    test.serial(`a certificate with the usage ${name} that is ${fault} is refused with purpose any`, async (t) => {
      const error = await t.throwsAsync<LinkError>(meet(t, situation(world), purposes));
      t.true(error?.isAuthenticationFailure, error?.message);
      t.is(error?.side, 'us');
    });
  }
}

for (const name of ['client', 'email', 'any']) {
  test.serial(
    `a certificate with the usage ${name} is refused unless purpose any is set, and the hint says so`,
    async (t) => {
      const error = await t.throwsAsync<LinkError>(meet(t, {}, PURPOSES[name]!, { purpose: 'server' }));
      t.is(error?.code, 'their-purpose');
      t.regex(error?.hint ?? '', /tls\.purpose: any/);
    },
  );
}

test.serial('the other fault is named', async (t) => {
  const { forClients, root, stranger } = world;
  const refused = (situation: Situation) => t.throwsAsync<LinkError>(meet(t, situation, ['client']));
  t.regex(
    (await refused({ issuers: [stranger] }))?.message ?? '',
    /does not lead to an authority in tls\.ca|is not in tls\.ca/,
  );
  t.regex(
    (await refused({ issuers: [forClients, root] }))?.message ?? '',
    /CN=ForClients,C=US may not issue for servers \(its own extended key usage is clientAuth\)/,
  );
});

test.serial('a chain of ten authorities between is taken, one of eleven is refused', async (t) => {
  let issuers: Crafted[] = [world.root];
  for (let depth = 1; depth <= 11; depth += 1) {
    const next = await craft({ name: `Depth${depth}`, issuer: issuers[0], authority: true, keyUsage: ['keyCertSign'] });
    issuers = [next, ...issuers];
    if (depth < 10) continue;
    for (const purposes of [[], ['client']] as const) {
      const attempt = meet(t, { issuers }, purposes);
      if (depth === 10) await t.notThrowsAsync(attempt);
      else t.like(await t.throwsAsync<LinkError>(attempt), { code: 'their-chain' });
    }
  }
});

test.serial('an authority with one between too many is refused', async (t) => {
  const { short, root } = world;
  const below = await craft({ name: 'Below', issuer: short, authority: true, keyUsage: ['keyCertSign'] });
  for (const purposes of Object.values(PURPOSES)) {
    await t.throwsAsync(meet(t, { issuers: [below, short, root] }, purposes));
    await t.notThrowsAsync(meet(t, { issuers: [short, root] }, purposes));
  }
});
