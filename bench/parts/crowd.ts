/** Clients that are a burden to a server, seen from the script that measures the server. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '../../test/support/wait.js';

const SCRIPT = fileURLToPath(new URL('./crowd-process.js', import.meta.url));

export type Behaviour = 'silent' | 'never reads' | 'header without end' | 'message without end';

export interface Crowd {
  readonly port: number;
  readonly behaviour: Behaviour;
  readonly clients: number;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Resolves when all of them have connected, or been turned away. */
export async function crowdAround(crowd: Crowd): Promise<{ closed: () => number; leave: () => Promise<void> }> {
  const child: ChildProcess = fork(SCRIPT, [JSON.stringify(crowd)], { execArgv: [] });
  let told = { connected: 0, closed: 0 };
  child.on('message', (counts: typeof told) => {
    told = counts;
  });
  const leave = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await until(() => Math.max(told.connected, told.closed) >= crowd.clients, {
      what: `${crowd.clients} clients to connect`,
      timeoutMs: 120_000,
    });
  } catch (error) {
    await leave();
    throw error;
  }
  return { closed: () => told.closed, leave };
}
