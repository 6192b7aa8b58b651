/** Turns IP addresses into octets, for certificates and for the kernel's tables. */
import { isIPv4 } from 'node:net';

/** The 4 octets of an IPv4 address or the 16 of an IPv6 address, whose zone (`%eth0`) is left out. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const plain = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
      [a * 256 + Number(b), c * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
    );
  const [head = '', tail] = plain.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const after = groups(tail ?? '');
  const before = groups(head);
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
