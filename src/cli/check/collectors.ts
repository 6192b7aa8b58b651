/**
 * Makes a real handshake with each collector and holds the connection for a
 * second: under TLS 1.3 a collector refuses our certificate only after the
 * handshake.
 */
import type { CollectorConfig, Config } from '../../config/config.js';
import { CollectorMemories } from '../../delivery/collector-memory.js';
import { systemClock } from '../../lib/clock.js';
import { systemFiles } from '../../lib/files.js';
import { systemNetwork } from '../../lib/network.js';
import { ignoredProblems } from '../../lib/problems.js';
import { connect } from '../../link/connect.js';
import type { Link } from '../../link/link.js';
import type { Target } from '../../link/peer.js';
import { LinkError } from '../../link/refusal.js';
import { Targets } from '../../link/targets.js';
import type { Credentials } from '../../pki/files/credentials.js';
import { countText, durationText, sizeText } from '../voice.js';
import { lasting } from './credentials.js';
import { bad, type CheckResult, good, warning } from './result.js';

const HOLD_MS = 1_000;
const DAY_MS = 86_400_000;

export async function* checkCollectors(
  config: Config,
  credentials: Credentials,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  for (const collector of config.collectors) {
    const { targets, failures } = await new Targets([collector], systemNetwork.lookup, systemClock).inOrder();
    for (const failure of failures) yield bad(failure.message, failure.hint);
    for (const target of targets) yield* checkTarget(target, config, credentials, signal);
    yield await levelOf(collector, config);
  }
}

async function* checkTarget(
  target: Target,
  { tls }: Config,
  credentials: Credentials,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  try {
    const link = await connect(target, credentials, tls, { clock: systemClock, network: systemNetwork }, signal);
    await Promise.race([systemClock.sleep(HOLD_MS, signal), link.ended]);
    const { end } = link;
    link.destroy();
    if (end !== undefined) throw refusedAfterwards(link, end.error, target);
    const { host, address, port, protocol, cipher, subject, issuer, fingerprint, validToMs, isForServers } = link.peer;
    const until = new Date(validToMs).toISOString().slice(0, 10);
    yield good(`collector ${host}:${port} (${address}): ${protocol}, ${cipher}`);
    const theirs = `  its certificate: ${subject}, signed by ${issuer}, ${fingerprint}, until ${until}`;
    yield lasting(theirs, validToMs, systemClock.nowMs(), 'tell the collector’s operator');
    if (!isForServers) {
      yield warning('  its certificate is not for servers (extended key usage); accepted because of tls.purpose: any');
    }
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    yield bad(error.message, remedy(error, credentials));
  }
}

/** A collector that hangs up without a word may permit clients by name, as rsyslog's permittedPeer does: it needs one of ours. */
function remedy({ code, hint }: LinkError, { own }: Credentials): string | undefined {
  const names = own?.subjectAltName.map((name) => name.replace(/^[^:]*:/, '')) ?? [];
  if (!SILENT.has(code) || names.length === 0) return hint;
  return `${hint}; our certificate has the names ${names.join(', ')}: rsyslog’s permittedPeer must have one of them`;
}

const SILENT: ReadonlySet<string> = new Set(['closed-after-handshake', 'closed-in-handshake', 'reset', 'closed']);

function refusedAfterwards(link: Link, error: Error | undefined, target: Target): LinkError {
  return error === undefined ? LinkError.refusedSilently(target, link.peer.protocol) : LinkError.from(error, target);
}

/** The learnt level of acknowledgement, and how many connections to expect: a SIEM may count them. */
async function levelOf({ host, port }: CollectorConfig, { journal, delivery }: Config): Promise<CheckResult> {
  const memories = await CollectorMemories.open(journal.directory, { files: systemFiles, problems: ignoredProblems });
  const memory = memories.of(host, port);
  const perDay = countText(Math.ceil(DAY_MS / delivery.epochIntervalMs));
  const connections = `up to ${perDay} connections a day (one every ${durationText(delivery.epochIntervalMs)} while there are entries), more if they exceed ${sizeText(delivery.epochBytes)} in that time`;
  const level = memory.level === undefined ? 'unknown until the agent has run' : memory.level;
  return good(`  acknowledgement of ${host}:${port}: ${level}; ${connections}`);
}
