import test from 'ava';
import fc from 'fast-check';
import { FreeText, type FreeTextOptions } from '../../src/openemr/free-text.js';
import type { Row } from '../../src/openemr/row.js';

const encoded = (text: string) => Buffer.from(text).toString('base64');
const ROW: Row = {
  version: 4,
  user: 'zoe',
  comments: encoded("UPDATE x SET ssn='123-45-6789'"),
  user_notes: 'call 123-45-6789',
  api: { request_url: '/Patient?ssn=123-45-6789', response: 'Zoe', method: 'GET' },
};
const SSN = '\\d{3}-\\d{2}-\\d{4}';

test('by default nothing is touched', (t) => {
  t.is(told({}), undefined);
  t.is(told({ redact: ['no such text'] }), undefined);
});

test('comments go out as text', (t) => {
  t.deepEqual(told({ comments: 'decoded' }), { ...ROW, comments: "UPDATE x SET ssn='123-45-6789'" });
});

const binary = Buffer.from([0x12, 0x00, 0xff, 0x41]);
const forms: [form: string, row: Row, decoded: string][] = [
  ['base64', { version: 4, comments: encoded("SELECT 'Zoë'") }, "SELECT 'Zoë'"],
  ['base64 of what is no text', { version: 4, comments: binary.toString('base64') }, '\u0012\0\ufffdA'],
  ['base64, before its side row was written', { version: null, comments: encoded('UPDATE x') }, 'UPDATE x'],
  ['text of 5.0', { version: 3, comments: 'SELECT done' }, 'SELECT done'],
  ['ciphertext', { version: 4, encrypt: 'Yes', comments: '007Ek+/bm90' }, '007Ek+/bm90'],
  ['ciphertext of long ago', { version: 0, encrypt: 'Yes', comments: 'b2xk' }, 'b2xk'],
  ['nothing', { version: 4, comments: null }, ''],
];
for (const [form, row, decoded] of forms) {
  test(`comments as ${form} go out as stored, as text, or not at all`, (t) => {
    const told = (comments: FreeTextOptions['comments']) => {
      const retold = new FreeText({ comments, redact: [] }).ofRow(row);
      return retold === undefined ? row.comments : retold.told.comments;
    };
    t.is(told('encoded'), row.comments);
    t.is(told('decoded'), decoded);
    t.is(told('omit'), null);
  });
}

test('without comments nothing goes out in which particulars stand', (t) => {
  t.deepEqual(told({ comments: 'omit' }), {
    ...ROW,
    comments: null,
    user_notes: null,
    api: { request_url: '/Patient', response: null, method: 'GET' },
  });
});

test('what a pattern matches is made unreadable wherever text is free, and counted', (t) => {
  const retold = new FreeText({ comments: 'encoded', redact: [SSN, 'ZOE'] }).ofRow(ROW);
  t.is(retold?.redacted, 4);
  t.deepEqual(retold?.told, {
    ...ROW,
    comments: encoded(`UPDATE x SET ssn='[redacted]'`),
    user_notes: `call [redacted]`,
    api: { request_url: `/Patient?ssn=[redacted]`, response: '[redacted]', method: 'GET' },
  });
});

test('a row that was edited tells nothing more of what it says now', (t) => {
  const finding: Row = { event: 'audit-trail-row-edited', row: { comments: encoded('Zoe'), version: 4 } };
  const retold = new FreeText({ comments: 'omit', redact: [] }).ofRow(finding);
  t.deepEqual(retold?.told.row, { comments: null, version: 4 });
});

test('octets that are no text stay as they are around what is redacted', (t) => {
  const bytes = Buffer.concat([Buffer.from([0x12, 0x00, 0xff]), Buffer.from(' 123-45-6789 '), Buffer.from([0xfe])]);
  const row = { version: 4, comments: bytes.toString('base64') };
  const { comments } = new FreeText({ comments: 'encoded', redact: [SSN] }).ofRow(row)!.told;
  const wanted = Buffer.concat([Buffer.from([0x12, 0x00, 0xff]), Buffer.from(' [redacted] '), Buffer.from([0xfe])]);
  t.deepEqual(Buffer.from(String(comments), 'base64'), wanted);
});

test('a pattern that would take years to try every way comes to an end, whatever is written into the trail', (t) => {
  const row = { version: 4, comments: encoded(`${'a'.repeat(200_000)}! 123-45-6789`) };
  const retold = new FreeText({ comments: 'encoded', redact: ['(a+)+$', '[\\w.]+@[\\w.]+', SSN] }).ofRow(row);
  t.is(retold?.redacted, 1);
});

test('encrypted comments stay as they are', (t) => {
  const row = { encrypt: 'Yes', comments: '007abc' };
  t.is(new FreeText({ comments: 'decoded', redact: ['abc'] }).ofRow(row)?.told.comments, '007abc');
});

test('a line that is not understood is searched too, whatever its octets', (t) => {
  const freeText = new FreeText({ comments: 'encoded', redact: [SSN] });
  t.is(freeText.ofLine(Buffer.from('nothing')), undefined);
  const line = Buffer.concat([Buffer.from('{"a":"123-45-6789'), Buffer.from([0xff])]);
  const wanted = Buffer.concat([Buffer.from(`{"a":"[redacted]`), Buffer.from([0xff])]);
  t.deepEqual(freeText.ofLine(line), { told: wanted, redacted: 1 });
});

test('a pattern that can match nothing at all marks nothing', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      t.is(
        new FreeText({ comments: 'encoded', redact: ['x*'] }).ofLine(Buffer.from(text.replaceAll(/x/gi, ''))),
        undefined,
      );
    }),
  );
});

function told(options: Partial<FreeTextOptions>): Row | undefined {
  return new FreeText({ comments: 'encoded', redact: [], ...options }).ofRow(ROW)?.told;
}
