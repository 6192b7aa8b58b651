/** Chains with one fault each beside the purpose of their first certificate, and what makes them. */
import { writePem } from '../../src/pki/files/pem.js';
import { pemOf } from '../../src/pki/inspect.js';
import { createRevocationList } from '../../src/pki/x509/revocation.js';
import {
  type Craft,
  type Crafted,
  craft,
  nameConstraints,
  netscapeType,
  type Purpose,
  unknownCritical,
} from './crafted.js';

export type World = Awaited<ReturnType<typeof makeWorld>>;

export async function makeWorld() {
  const ca = { authority: true, keyUsage: ['keyCertSign', 'cRLSign'] } as const;
  const root = await craft({ name: 'Root', ...ca });
  return {
    root,
    stranger: await craft({ name: 'Stranger', ...ca }),
    /** The name of the root that we know, and another key. */
    impostor: await craft({ name: 'Root', ...ca }),
    issuing: await craft({ name: 'Issuing', issuer: root, ...ca }),
    noAuthority: await craft({ name: 'Leaf', issuer: root, authority: false, keyUsage: ['digitalSignature'] }),
    noConstraints: await craft({ name: 'Bare', issuer: root }),
    noSigner: await craft({ name: 'NoSigner', issuer: root, authority: true, keyUsage: ['cRLSign'] }),
    forClients: await craft({ name: 'ForClients', issuer: root, ...ca, purposes: ['client'] }),
    ended: await craft({ name: 'Ended', issuer: root, ...ca, from: -20, until: -10 }),
    early: await craft({ name: 'Early', issuer: root, ...ca, from: 10 }),
    constrained: await craft({
      name: 'Constrained',
      issuer: root,
      ...ca,
      extensions: [nameConstraints('elsewhere.example')],
    }),
    odd: await craft({ name: 'Odd', issuer: root, ...ca, extensions: [unknownCritical()] }),
    short: await craft({ name: 'Short', issuer: root, ...ca, pathLength: 0 }),
  };
}

const DAY_MS = 86_400_000;

interface Listed {
  readonly of: Crafted;
  readonly revokes?: boolean;
  /** Until it ends; negative: it has ended. */
  readonly days?: number;
  /** Days from now at which it begins. */
  readonly from?: number;
  /** Its signature is. */
  readonly damaged?: boolean;
}

export interface Situation extends Partial<Craft> {
  readonly issuers?: readonly Crafted[];
  readonly trusted?: readonly Crafted[];
  /** Its issuers are not sent along. */
  readonly alone?: boolean;
  /** Lists of these authorities are known. */
  readonly listed?: readonly Listed[];
}

/** What is wrong beside the purpose, as a change to a certificate with which nothing is. */
export const FAULTS: Record<string, (world: World) => Situation> = {
  'of an unknown authority': ({ stranger }) => ({ issuers: [stranger] }),
  'of an unknown authority that sends itself along': ({ stranger, root }) => ({ issuers: [stranger, root] }),
  'of an unknown authority under a known name': ({ impostor }) => ({ issuers: [impostor] }),
  'self-signed': () => ({ issuers: [] }),
  expired: () => ({ from: -20, until: -10 }),
  'not yet valid': () => ({ from: 10 }),
  'for another name': () => ({ dns: ['elsewhere.example'] }),
  'for no name': () => ({ dns: [] }),
  'with a forged signature': () => ({ forged: true }),
  'signed by a leaf': ({ noAuthority, root }) => ({ issuers: [noAuthority, root] }),
  'signed by a certificate without basic constraints': ({ noConstraints, root }) => ({
    issuers: [noConstraints, root],
  }),
  'signed by an authority that may not sign': ({ noSigner, root }) => ({ issuers: [noSigner, root] }),
  'signed by an authority for clients only': ({ forClients, root }) => ({ issuers: [forClients, root] }),
  'signed by an authority that has ended': ({ ended, root }) => ({ issuers: [ended, root] }),
  'signed by an authority that is not valid yet': ({ early, root }) => ({ issuers: [early, root] }),
  'outside the names of its authority': ({ constrained, root }) => ({ issuers: [constrained, root] }),
  'signed by an authority with a critical extension that nobody knows': ({ odd, root }) => ({ issuers: [odd, root] }),
  'with a critical extension that nobody knows': () => ({ extensions: [unknownCritical()] }),
  'with a key for signing certificates only': () => ({ keyUsage: ['keyCertSign'], authority: true }),
  'of the Netscape type for clients': () => ({ extensions: [netscapeType('client')] }),
  revoked: ({ root }) => ({ listed: [{ of: root, revokes: true }] }),
  'without a list of its authority': ({ issuing, root }) => ({ issuers: [issuing, root], listed: [{ of: root }] }),
  'with a list that has ended': ({ root }) => ({ listed: [{ of: root, days: -1 }] }),
  'of an authority that is trusted and no root': ({ issuing }) => ({ issuers: [issuing], trusted: [issuing] }),
};

export interface Shown {
  /** Leaf first, as it is sent. */
  readonly chain: readonly Crafted[];
  /** PEM. */
  readonly ca: readonly string[];
  readonly crl: readonly string[] | undefined;
}

export async function makeChain(world: World, situation: Situation, purposes: readonly Purpose[]): Promise<Shown> {
  const { issuers = [world.root], trusted = [world.root], alone = false, listed = [], ...fields } = situation;
  const leaf = await craft({
    name: 'hie.example.org',
    issuer: issuers[0],
    authority: false,
    keyUsage: ['digitalSignature'],
    dns: ['localhost'],
    purposes,
    ...fields,
  });
  const lists = listed.map(({ of, revokes, days = 5, from = days > 0 ? -1 : -3, damaged }) => {
    const revoked = revokes ? [{ serial: leaf.certificate.serialNumber, at: new Date() }] : [];
    const nowMs = Date.now() + from * DAY_MS;
    const der = createRevocationList({ authority: of, revoked, number: 1, nowMs, days: Math.abs(days) });
    if (damaged) der[der.length - 1]! ^= 1;
    return writePem('X509 CRL', der);
  });
  return {
    chain: alone ? [leaf] : [leaf, ...issuers],
    ca: trusted.map(({ certificate }) => pemOf(certificate)),
    crl: lists.length === 0 ? undefined : lists,
  };
}
