import test from 'ava';
import { clientOf } from '../../src/openemr/client.js';

const encoded = (text: string) => Buffer.from(text).toString('base64');

const words: [comment: string, address: string][] = [
  ['success: 10.20.4.31', '10.20.4.31'],
  ['failure: 192.0.2.7. user not found', '192.0.2.7'],
  ['success: 172.18.0.1 (203.0.113.77, 10.0.0.9)', '172.18.0.1'],
  ['API failure: 2001:db8::7. Token', '2001:db8::7'],
  ['failure: bad.cafe', ''],
  ['he said success: 10.1.1.1', ''],
  ['', ''],
];
for (const [comment, address] of words) {
  test(`who logs in with ${JSON.stringify(comment)} came from ${address || 'nobody knows where'}`, (t) => {
    t.is(clientOf({ event: 'login', version: 4, comments: encoded(comment) }), address);
    t.is(clientOf({ event: 'view', version: 4, comments: encoded(comment) }), '', 'only those who come are asked');
    t.is(clientOf({ event: 'login', version: 4, encrypt: 'Yes', comments: comment }), '');
  });
}

test('the column of an API call goes before words, and counts only when it holds an address', (t) => {
  const row = { event: 'api', version: 4, comments: encoded('API success: 10.0.0.1. Token') };
  t.is(clientOf({ ...row, api: { ip_address: '198.51.100.20' } }), '198.51.100.20');
  t.is(clientOf({ ...row, api: { ip_address: 'unknown' } }), '10.0.0.1');
});
