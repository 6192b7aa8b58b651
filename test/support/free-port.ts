/** Ports for programs that cannot choose one themselves. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Somebody listens on this port; asked of the kernel, because a connection would already be a client. */
export function isListening(port: number): boolean {
  const address = `[0-9A-F]{8}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return new RegExp(`^ *\\d+: ${address} 00000000:0000 0A `, 'm').test(readFileSync('/proc/self/net/tcp', 'latin1'));
}
