/** Hostile collectors that go when their test does, named as short as they are used. */
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { TestPki } from './certificates.js';
import type { Behaviour } from './hostile-behaviour.js';
import { HostileCollector, type HostileOptions } from './hostile-collector.js';
import { HostileProcess } from './hostile-process.js';

/** In this process. */
export async function collecting(
  t: ExecutionContext,
  pki: TestPki,
  behaviour: Behaviour = {},
  options: Partial<HostileOptions> = {},
): Promise<HostileCollector> {
  const collector = await HostileCollector.listen({ ca: pki.ca, identities: [pki.collector], behaviour, ...options });
  t.teardown(() => collector.close());
  return collector;
}

/** In a process of its own, which stores frames in a file; started again on the same port, it goes on with that file. */
export async function collectingProcess(
  t: ExecutionContext,
  pki: TestPki,
  directory: string,
  { behaviour = {}, port }: { readonly behaviour?: Behaviour; readonly port?: number } = {},
): Promise<HostileProcess & { readonly file: string }> {
  const file = join(directory, 'stored.frames');
  const { ca, collector } = pki;
  const collecting = await HostileProcess.start({
    ca,
    identities: [{ cert: collector.cert, key: collector.key }],
    behaviour,
    store: { file, as: 'frames' },
    ...(port !== undefined && { port }),
  });
  t.teardown(() => collecting.stop());
  return Object.assign(collecting, { file });
}
