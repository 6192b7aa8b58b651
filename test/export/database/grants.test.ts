import test from 'ava';
import { grantsFor } from '../../../src/export/database/grants.js';
import type { SiteOptions } from '../../../src/export/options.js';
import { DEFAULT_SITE, SITE_TLS } from '../../support/site-options.js';

const SITE: SiteOptions = { ...DEFAULT_SITE, passwordFile: 'database-password' };

/** The statement that makes the account. */
function account(changes: Partial<SiteOptions>): string {
  return /^CREATE USER.*$/m.exec(grantsFor({ ...SITE, ...changes }))?.[0] ?? '';
}

test('over a socket the operating system vouches for the account, unless a password was asked for', (t) => {
  const socket = '/run/mysqld/mysqld.sock';
  t.regex(
    account({ socket, passwordFile: undefined }),
    /'openemr-audit-export'@'localhost' IDENTIFIED VIA unix_socket;/,
  );
  t.regex(account({ socket }), /IDENTIFIED BY 'PASSWORD';/);
});

test('no account without a password is made for the network', (t) => {
  t.regex(account({ passwordFile: undefined }), /@'localhost' IDENTIFIED BY 'PASSWORD';/);
  t.regex(account({ host: 'db.example', passwordFile: undefined }), /@'%' IDENTIFIED BY 'PASSWORD';/);
});

test('an account that comes over TLS cannot come without, nor without its certificate', (t) => {
  const host = 'db.example';
  t.regex(account({ host, tls: SITE_TLS }), /REQUIRE SSL;/);
  t.regex(account({ host, tls: { ...SITE_TLS, cert: '/c.pem', key: '/k.pem' } }), /REQUIRE X509;/);
});

test('the account may read, and nothing else', (t) => {
  const granted = grantsFor(SITE).matchAll(/^(GRANT|REVOKE) (.*?) ON (\S+)/gm);
  const left = new Map<string, Set<string>>();
  for (const [, verb, privileges = '', table = ''] of granted) {
    const mine = left.get(table) ?? new Set();
    for (const privilege of privileges.split(', ')) verb === 'GRANT' ? mine.add(privilege) : mine.delete(privilege);
    left.set(table, mine);
  }
  t.deepEqual([...new Set([...left.values()].flatMap((all) => [...all]))], ['SELECT']);
});
