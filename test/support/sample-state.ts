/** The state of an agent that is well and has everything that a state can have; tests change what they are about. */
import type { AgentState } from '../../src/agent/state.js';

export const NOW_MS = Date.UTC(2026, 10, 23, 10);

const certificate = {
  subject: 'CN=emr.clinic.example',
  notAfter: '2027-02-01T00:00:00.000Z',
  daysLeft: 70,
  chainDaysLeft: 70,
};

const CONNECTED = {
  name: 'connected',
  peer: {
    host: 'hie.example.org',
    address: '192.0.2.10',
    port: 6514,
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    subject: 'CN=hie.example.org',
    issuer: 'CN=Example CA',
    fingerprint: 'sha-256:00:11',
    isForServers: true,
    validToMs: NOW_MS + 80 * 86_400_000,
    authorities: [{ subject: 'CN=Example CA', fingerprint: 'sha-256:22:33', validToMs: NOW_MS + 900 * 86_400_000 }],
  },
  sinceMs: NOW_MS - 3_600_000,
} satisfies AgentState['delivery']['link'];

export const WELL: AgentState = {
  version: '0.1.0',
  pid: 4242,
  run: '00112233445566ff',
  startedAtMs: NOW_MS - 7_200_000,
  writtenAtMs: NOW_MS,
  config: '/etc/openemr-audit-forwarder/config.yaml',
  last: { run: '00112233445566ff', seq: 1_234 },
  stuckLoops: [],
  clock: 'synchronised',
  sources: [{ name: 'main', files: 1, unreadable: 0, lagBytes: 0, lagLines: 0, lagMs: 0 }],
  files: [
    {
      path: '/var/log/openemr-audit/default.log',
      source: 'main',
      tailId: 'ec758abf90ccc8de',
      size: 4_096,
      offset: 4_096,
      lagBytes: 0,
      code: undefined,
      open: true,
      unlinked: false,
      holeBytes: 0,
    },
  ],
  ownTails: [],
  counts: {
    lines: 1_230,
    messages: 1_234,
    unparsed: 0,
    empty: 0,
    parts: 0,
    filtered: 0,
    altered: 0,
    unverifiable: 0,
    changed: 0,
    faulty: 0,
    headings: 0,
  },
  journal: {
    cursor: 17,
    synced: 17,
    entriesWaiting: 0,
    messagesWaiting: 0,
    oldestUnacknowledgedAtMs: undefined,
    bytes: 65_536,
    maxBytes: 4_294_967_296,
    freeBytes: 10_737_418_240,
    segments: 1,
    full: false,
    limit: undefined,
    failed: undefined,
    faults: 0,
    damages: 0,
    quarantined: 0,
    quarantinedBytes: 0,
    dropped: 0,
  },
  delivery: {
    link: CONNECTED,
    outage: undefined,
    sent: 1_234,
    acknowledged: 1_234,
    repeated: 0,
    epochs: 12,
    failures: { refused: 2 },
    lastPeer: CONNECTED.peer,
    lastLevel: 'close-notify',
    lastAcknowledgedAtMs: NOW_MS - 5_000,
    lastFailure: undefined,
    stuck: undefined,
    connections: { made: 14, lastDay: 14 },
  },
  problems: [],
  certificate,
  collectorCertificate: { ...certificate, subject: 'CN=hie.example.org', daysLeft: 80, chainDaysLeft: 80 },
  revocationList: { ends: '2026-12-23T00:00:00.000Z', daysLeft: 30 },
};

/** `change` names the groups whole; `journal` and `delivery` are changed key by key. */
export function stateWith(
  change: Partial<Omit<AgentState, 'journal' | 'delivery'>> & {
    readonly journal?: Partial<AgentState['journal']>;
    readonly delivery?: Partial<AgentState['delivery']>;
  },
): AgentState {
  const { journal, delivery, ...rest } = change;
  return { ...WELL, ...rest, journal: { ...WELL.journal, ...journal }, delivery: { ...WELL.delivery, ...delivery } };
}
