/** Reads an address to listen on: `127.0.0.1:9614`, `[::1]:9614`, or `off`. Names are refused: what they resolve to can change. */
import { isIP } from 'node:net';

/** An address and a port of this machine. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `undefined` when it is none of these. */
export function readListen(text: string): Listen | 'off' | undefined {
  if (text === 'off') return text;
  const [, literal, host = literal, digits = ''] = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+)):([1-9]\d{0,4})$/.exec(text) ?? [];
  const port = Number(digits);
  return host !== undefined && isIP(host) !== 0 && port < 65_536 ? { host, port } : undefined;
}

/** As it stands in a URL. */
export function listenText({ host, port }: Listen): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
