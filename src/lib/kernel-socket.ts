/**
 * What the kernel knows of one of our TCP connections and Node does not tell:
 * its state and how many octets the other side's kernel has not confirmed.
 * Read from /proc/self/net/tcp and tcp6, which a unit with ProcSubset=pid
 * still sees (proc(5)).
 */
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';
import { addressBytes } from './ip.js';

export interface KernelSocket {
  readonly state: 'established' | 'close-wait' | 'other';
  /** Octets sent or waiting to be sent, not yet confirmed by the other kernel. */
  readonly unconfirmedBytes: number;
}

export type KernelSocketReading = KernelSocket | 'gone' | 'unreadable';

export interface Endpoints {
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

const ESTABLISHED = '01';
const CLOSE_WAIT = '08';

export async function readKernelSocket(endpoints: Endpoints): Promise<KernelSocketReading> {
  const table = isIPv4(endpoints.remoteAddress) ? '/proc/self/net/tcp' : '/proc/self/net/tcp6';
  try {
    return findSocket(await readFile(table, 'latin1'), endpoints) ?? 'gone';
  } catch {
    return 'unreadable';
  }
}

/** Lines of the table: `sl local_address rem_address st tx_queue:rx_queue …`, addresses and queues in hexadecimal. */
export function findSocket(table: string, endpoints: Endpoints): KernelSocket | undefined {
  const local = `:${hexPort(endpoints.localPort)}`;
  const remote = `${hexAddress(endpoints.remoteAddress)}:${hexPort(endpoints.remotePort)}`;
  for (const line of table.split('\n')) {
    const [, localAddress, remoteAddress, state, queues] = line.trim().split(/\s+/);
    if (remoteAddress !== remote || !localAddress?.endsWith(local)) continue;
    const unconfirmedBytes = Number.parseInt(queues ?? '', 16);
    if (Number.isNaN(unconfirmedBytes)) continue;
    const name = state === ESTABLISHED ? 'established' : state === CLOSE_WAIT ? 'close-wait' : 'other';
    return { state: name, unconfirmedBytes };
  }
  return undefined;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** The kernel prints each 32-bit word of an address in the byte order of the machine. */
function hexAddress(address: string): string {
  const bytes = [...addressBytes(address)];
  let hex = '';
  for (let word = 0; word < bytes.length; word += 4) {
    const ordered = bytes.slice(word, word + 4);
    if (endianness() === 'LE') ordered.reverse();
    for (const byte of ordered) hex += byte.toString(16).toUpperCase().padStart(2, '0');
  }
  return hex;
}
