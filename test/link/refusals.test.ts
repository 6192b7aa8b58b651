/** Each row of both tables of refusals, by a real handshake: who said no, why, where, what to do. */
import { generateKeyPairSync } from 'node:crypto';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { connect, type TlsMaterial, type TlsPolicy } from '../../src/link/connect.js';
import { LINK_TIMES } from '../../src/link/link.js';
import { LinkError, type Side } from '../../src/link/refusal.js';
import { writeKey } from '../../src/pki/files/keys.js';
import { pemOf } from '../../src/pki/inspect.js';
import { craft } from '../support/crafted.js';
import { makeChain, makeWorld, type Situation, type World } from '../support/faulty-chains.js';
import { LINKING, POLICY } from '../support/linking.js';

let world: World;
/** Not what anybody should use today. */
const WEAK = { key: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey };
const STRICT = 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=2';
test.before(async () => {
  world = await makeWorld();
});

async function listen(t: ExecutionContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** The refusal that `connect` throws, or that ended the link when it came after the handshake. */
async function refusalAt(port: number, material: Partial<TlsMaterial> = {}, policy: Partial<TlsPolicy> = {}) {
  const target = { host: 'localhost', address: '127.0.0.1', port };
  const none = { ca: undefined, cert: undefined, key: undefined, crl: undefined };
  try {
    const link = await connect(
      target,
      { ...none, ca: pemOf(world.root.certificate), ...material },
      { ...POLICY, ...policy },
      LINKING,
      new AbortController().signal,
      { ...LINK_TIMES, handshakeMs: 60_000 },
    );
    return LinkError.ended(await link.ended, target);
  } catch (error) {
    return error as LinkError;
  }
}

/** One that says `answer` to the first octets of a client. */
function answering(t: ExecutionContext, answer: (socket: Socket) => void): Promise<number> {
  return listen(
    t,
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => answer(socket));
    }),
  );
}

function tells(t: ExecutionContext, error: LinkError, code: string, side: Side, words: RegExp): void {
  t.true(error instanceof LinkError, String(error));
  t.is(error.code, code, error.message);
  t.is(error.side, side, error.message);
  t.regex(error.message, /^localhost:\d+ \(127\.0\.0\.1\): /);
  t.regex(error.message, words);
  t.notRegex(error.message, /SSL routines|deps\/openssl|\n/);
  t.not(error.hint ?? '', '');
}

/** RFC 8446 section 6.2. */
const alerts: [number: number, code: string, words: RegExp][] = [
  [10, 'alert', /alert 10, unexpected_message/],
  [20, 'alert', /alert 20, bad_record_mac/],
  [22, 'alert', /alert 22, record_overflow/],
  [40, 'no-common-cipher', /no cipher in common with ours/],
  [42, 'our-certificate-refused', /refuses our certificate \(tls\.cert\).*bad_certificate/],
  [43, 'our-certificate-refused', /refuses our certificate \(tls\.cert\).*unsupported_certificate/],
  [44, 'our-certificate-revoked', /our certificate \(tls\.cert\) was revoked/],
  [45, 'our-certificate-expired', /our certificate \(tls\.cert\) has expired/],
  [46, 'our-certificate-refused', /refuses our certificate \(tls\.cert\).*certificate_unknown/],
  [47, 'alert', /alert 47, illegal_parameter/],
  [48, 'our-ca-unknown', /does not know the CA that signed our certificate \(tls\.cert\)/],
  [49, 'access-denied', /does not permit it/],
  [50, 'alert', /alert 50, decode_error/],
  [51, 'alert', /alert 51, decrypt_error/],
  [70, 'their-version', /does not support the TLS versions that we offer/],
  [71, 'too-weak', /refuses our ciphers as too weak/],
  [80, 'alert', /alert 80, internal_error/],
  [86, 'alert', /alert 86, inappropriate_fallback/],
  [90, 'alert', /alert 90, user_canceled/],
  [109, 'alert', /alert 109, missing_extension/],
  [110, 'alert', /alert 110, unsupported_extension/],
  [112, 'name-unknown', /does not know the name that we ask it for/],
  [113, 'alert', /alert 113, bad_certificate_status_response/],
  [115, 'alert', /alert 115, unknown_psk_identity/],
  [116, 'asked-for-certificate', /asks for a client certificate and got none/],
  [120, 'alert', /alert 120, no_application_protocol/],
];
for (const [number, code, words] of alerts) {
  test.serial(`the alert ${number} on our ClientHello is ${code}, said by the collector`, async (t) => {
    const port = await answering(t, (socket) => socket.write(Buffer.from([0x15, 3, 3, 0, 2, 2, number])));
    tells(t, await refusalAt(port), code, 'collector', words);
  });
}

async function server(situation: Situation = {}, options: TlsOptions = {}) {
  const { chain, ca, crl } = await makeChain(world, situation, []);
  const cert = chain.map(({ certificate }) => pemOf(certificate)).join('');
  const made = createServer({ cert, key: writeKey(chain[0]!.key), ...options });
  made.on('tlsClientError', () => undefined);
  made.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  return { server: made, material: { ca, crl } };
}

/** Demands made by a server of Node, which OpenSSL answers by an alert. */
const demands: [what: string, options: TlsOptions, code: string, words: RegExp][] = [
  ['a certificate over TLS 1.3', { requestCert: true }, 'asked-for-certificate', /asks for a client certificate/],
  [
    'a certificate over TLS 1.2',
    { requestCert: true, maxVersion: 'TLSv1.2' },
    'no-common-cipher',
    /needs another kind of certificate/,
  ],
  [
    'another cipher over TLS 1.2',
    { ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305', maxVersion: 'TLSv1.2' },
    'no-common-cipher',
    /no cipher in common/,
  ],
  [
    'TLS 1.1',
    { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'their-version',
    /TLS versions/,
  ],
];
for (const [what, options, code, words] of demands) {
  test.serial(`a collector that demands ${what} is told as ${code}`, async (t) => {
    const { server: made, material } = await server({}, options);
    tells(t, await refusalAt(await listen(t, made), material), code, 'collector', words);
  });
}

const chains: [what: string, situation: () => Situation | Promise<Situation>, code: string, words: RegExp][] = [
  ['expired', () => ({ from: -20, until: -10 }), 'their-certificate-expired', /has expired/],
  ['not valid yet', () => ({ from: 10 }), 'their-certificate-early', /not valid yet/],
  ['self-signed', () => ({ issuers: [] }), 'their-certificate-self-signed', /self-signed/],
  ['of an unknown authority', () => ({ issuers: [world.stranger] }), 'their-ca-unknown', /not in tls\.ca/],
  [
    'sent without its intermediate',
    () => ({ issuers: [world.issuing], alone: true }),
    'their-ca-unknown',
    /not in tls\.ca, and the collector sends no intermediate/,
  ],
  ['revoked', () => ({ listed: [{ of: world.root, revokes: true }] }), 'their-certificate-revoked', /\(tls\.crl\)/],
  ['checked by a list that has ended', () => ({ listed: [{ of: world.root, days: -1 }] }), 'crl-expired', /tls\.crl/],
  ['checked by a list of the future', () => ({ listed: [{ of: world.root, from: 2 }] }), 'crl-expired', /tls\.crl/],
  ['checked by the list of another', () => ({ listed: [{ of: world.stranger }] }), 'crl-missing', /tls\.crl/],
  ['checked by a forged list', () => ({ listed: [{ of: world.root, damaged: true }] }), 'their-signature', /signature/],
  ['with a forged signature', () => ({ forged: true }), 'their-signature', /signature/],
  [
    'below an authority that may have none below it',
    async () => {
      const below = await craft({ name: 'Below', issuer: world.short, authority: true, keyUsage: ['keyCertSign'] });
      return { issuers: [below, world.short, world.root] };
    },
    'their-chain',
    /chain is not valid/,
  ],
  [
    'signed by a certificate that is no authority',
    async () => ({ issuers: [await craft({ name: 'None', issuer: world.root, authority: false }), world.root] }),
    'their-purpose',
    /CA above it may not sign/,
  ],
  [
    'outside the names of its authority',
    () => ({ issuers: [world.constrained, world.root] }),
    'their-chain',
    /not valid: its name DNS:localhost is outside of what its authority CN=Constrained,C=US may sign \(permitted subtree/,
  ],
  ['meant for clients', () => ({ purposes: ['client'] }), 'their-purpose', /not meant for servers/],
  [
    'for another name',
    () => ({ dns: ['elsewhere.example'] }),
    'wrong-name',
    /not for localhost; it is for DNS:elsewhere/,
  ],
  ['for no name', () => ({ dns: [] }), 'wrong-name', /no name at all/],
  ['of a weak key', () => ({ keyOf: WEAK }), 'their-certificate-weak', /collector’s chain .* too weak/],
];
for (const [what, situation, code, words] of chains) {
  test.serial(`a collector's certificate that is ${what} is told as ${code}, said by us`, async (t) => {
    const given = await situation();
    const ciphers = 'DEFAULT@SECLEVEL=0';
    const { server: made, material } = await server(given, { ciphers });
    tells(t, await refusalAt(await listen(t, made), material, { ciphers: STRICT }), code, 'us', words);
  });
}

test.serial('a weak certificate of our own is told as ours, and by its key', async (t) => {
  const { certificate, key } = await craft({ name: 'weak', issuer: world.root, keyOf: WEAK });
  const { server: made, material } = await server();
  const weak = { ...material, cert: pemOf(certificate), key: writeKey(key) };
  const error = await refusalAt(await listen(t, made), weak, { ciphers: STRICT });
  tells(t, error, 'our-certificate-weak', 'us', /tls\.cert/);
});

test.serial(
  'a collector with a key of RSA 1024 is refused whatever it offers, without a word in tls.ciphers',
  async (t) => {
    const { server: made, material } = await server({ keyOf: WEAK }, { ciphers: 'DEFAULT@SECLEVEL=0' });
    tells(t, await refusalAt(await listen(t, made), material), 'their-certificate-weak', 'us', /too weak/);
  },
);

test.serial(
  'of two CAs of one name in tls.ca the one that signed is found, in whatever order they stand',
  async (t) => {
    const { root, impostor } = world;
    const { server: made } = await server({ issuers: [root], isBare: true });
    made.on('secureConnection', (socket) => socket.end());
    const port = await listen(t, made);
    for (const ca of [
      [root, impostor],
      [impostor, root],
    ].map((each) => each.map(({ certificate }) => pemOf(certificate)))) {
      const ended = await refusalAt(port, { ca });
      t.is(ended.code, 'closed', ended.message);
    }
  },
);

test.serial('the hint to show the chain names the collector', async (t) => {
  const { server: made, material } = await server({ issuers: [world.constrained, world.root] });
  const port = await listen(t, made);
  t.regex((await refusalAt(port, material)).hint ?? '', new RegExp(`-connect localhost:${port}$`));
});

test.serial('a server that shows no certificate is refused', async (t) => {
  const anonymous = 'AECDH-AES256-SHA:@SECLEVEL=0';
  const port = await listen(t, createServer({ ciphers: anonymous, maxVersion: 'TLSv1.2' }));
  const error = await refusalAt(port, {}, { ciphers: anonymous, verify: 'insecure' });
  tells(t, error, 'no-certificate', 'us', /sent no certificate/);
});

/** ServerHello of TLS 1.1 with the suite ECDHE-RSA-AES256-SHA. */
const OLD_HELLO = Buffer.from(`160302002a0200002603 02${'11'.repeat(32)}00c01400`.replaceAll(' ', ''), 'hex');

const strangers: [what: string, answer: (socket: Socket) => void, code: string, side: Side, words: RegExp][] = [
  ['answers by TLS 1.1', (socket) => socket.write(OLD_HELLO), 'their-old-tls', 'us', /older than tls\.minVersion/],
  ['is a web server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'not-tls', 'collector', /speak TLS/],
  ['is an SSH server', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), 'not-tls', 'collector', /speak TLS/],
  ['resets', (socket) => socket.resetAndDestroy(), 'reset', 'collector', /reset the connection/],
  ['hangs up', (socket) => socket.end(), 'closed-in-handshake', 'collector', /closed the connection during/],
  [
    'wants to begin anew before it has begun',
    (socket) => socket.write(Buffer.from([0x15, 3, 3, 0, 2, 1, 100])),
    'renegotiation',
    'us',
    /asked to renegotiate TLS/,
  ],
];
for (const [what, answer, code, side, words] of strangers) {
  test.serial(`what answers and ${what} is told as ${code}`, async (t) => {
    tells(t, await refusalAt(await answering(t, answer)), code, side, words);
  });
}

test.serial(
  'a collector that wants to renegotiate TLS 1.2 is refused a second handshake, and its certificate stays the one that was verified',
  async (t) => {
    const { server: made, material } = await server({}, { maxVersion: 'TLSv1.2' });
    const refused = new Promise<Error>((resolve) => {
      made.on('secureConnection', (socket) => {
        socket.on('error', resolve);
        socket.renegotiate({}, () => undefined);
      });
    });
    const ended = await refusalAt(await listen(t, made), material);
    t.like(await refused, { code: 'ERR_SSL_NO_RENEGOTIATION' });
    // It takes our no for its own fault and says so.
    t.is(ended.side, 'collector', ended.message);
  },
);

test.serial(
  'what OpenSSL breaks off for a reason that has no row is told in its words, without its addresses',
  async (t) => {
    // A ServerHello of one octet.
    const port = await answering(t, (socket) => socket.write(Buffer.from('160303000502000001ff', 'hex')));
    tells(t, await refusalAt(port), 'tls-failed', 'us', /this side ended the TLS connection: [a-z ]+ \(ERR_SSL_/);
  },
);
