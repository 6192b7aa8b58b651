/** What the kernel knows of a TCP connection on loopback: `/proc/self/net/tcp`, documented in proc(5). */
import { readFileSync } from 'node:fs';

/** Octets that lie in the kernel for the process at `port`, on its connection from `peerPort`. */
export function unreadBytes(port: number, peerPort: number): number {
  return Number.parseInt(find(port, peerPort)?.groups?.unread ?? '0', 16);
}

/** The connection is there, in whatever state; after a reset it is not. */
export function isKnown(port: number, peerPort: number): boolean {
  return find(port, peerPort) !== null;
}

/** Somebody is connected to `peerPort`, or has not been let go of yet. */
export function isConnectedTo(peerPort: number): boolean {
  return find(undefined, peerPort) !== null;
}

function find(port: number | undefined, peerPort: number): RegExpExecArray | null {
  const address = (number: number | undefined) =>
    `[0-9A-F]{8}:${number?.toString(16).toUpperCase().padStart(4, '0') ?? '[0-9A-F]{4}'}`;
  const state = '[0-9A-F]{2}';
  const queues = '[0-9A-F]{8}:(?<unread>[0-9A-F]{8})';
  const line = new RegExp(`${address(port)} ${address(peerPort)} ${state} ${queues}`);
  return line.exec(readFileSync('/proc/self/net/tcp', 'latin1'));
}
