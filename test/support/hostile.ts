/** A hostile collector that goes with its test, and plain clients for it. */
import type { ExecutionContext } from 'ava';
import type { WithPki } from './collector.js';
import type { Behaviour } from './hostile-behaviour.js';
import { HostileCollector, type HostileOptions } from './hostile-collector.js';
import { WireClient } from './wire-client.js';

export const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
export type Version = (typeof VERSIONS)[number];

export async function hostile(
  t: ExecutionContext<WithPki>,
  behaviour: Behaviour,
  options: Partial<HostileOptions> = {},
): Promise<HostileCollector> {
  const { ca, collector: identity } = t.context.pki;
  const collector = await HostileCollector.listen({ ca, identities: [identity], behaviour, ...options });
  t.teardown(() => collector.close());
  return collector;
}

/** A client with the agent's certificate, which may still be shaking hands. */
export function client(t: ExecutionContext<WithPki>, { port }: { port: number }, version?: Version): WireClient {
  const { ca, agent } = t.context.pki;
  const one = new WireClient({ port, ca, cert: agent.cert, key: agent.key, ...(version && { version }) });
  t.teardown(() => one.destroy());
  return one;
}

/** A client that has sent the messages a, b, c, d, e and its close_notify. */
export async function afterCloseNotify(
  t: ExecutionContext<WithPki>,
  collector: HostileCollector,
  version: Version,
): Promise<WireClient> {
  const one = await client(t, collector, version).connected();
  await one.write('1 a1 b1 c1 d1 e');
  one.sayCloseNotify();
  return one;
}
