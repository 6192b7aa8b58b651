/** What the machine knows and the configuration file need not say: host name and time zone. */
import { lookup, lookupService } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemClock } from '../lib/clock.js';

export interface Host {
  readFile(path: string): Promise<string>;
  /** This machine's name, with its domain where that can be found out. */
  fullName(): Promise<string>;
  /** IANA name of the machine's time zone. */
  timeZone(): string;
}

/** A resolver that does not answer must not keep the agent from starting. */
const LOOKUP_MS = 2_000;

export const thisHost: Host = {
  readFile: (path) => readFile(path, 'utf8'),
  fullName,
  timeZone: () => new Intl.DateTimeFormat().resolvedOptions().timeZone,
};

async function fullName(): Promise<string> {
  const found = new AbortController();
  const name = hostname();
  const timeout = systemClock.sleep(LOOKUP_MS, found.signal).then(() => name);
  try {
    return await Promise.race([nameWithDomain(name), timeout]);
  } finally {
    found.abort();
  }
}

/** Looks up the address of the name and the name of the address, as `hostname --fqdn` does. */
async function nameWithDomain(name: string): Promise<string> {
  if (name.includes('.')) return name;
  try {
    const { address } = await lookup(name);
    const { hostname: found } = await lookupService(address, 0);
    return found.startsWith(`${name}.`) ? found : name;
  } catch {
    return name;
  }
}
