import test from 'ava';
import { columnsOf } from '../../src/openemr/columns.js';
import { commentsOf, storedComments } from '../../src/openemr/comments.js';
import { hasFailed } from '../../src/openemr/parse.js';
import type { Row } from '../../src/openemr/row.js';

const encoded = (text: string) => Buffer.from(text).toString('base64');

const forms: [title: string, row: Row, form: 'text' | 'encrypted', text: string][] = [
  ['base64 of 6.0', { version: 4, encrypt: 'No', comments: encoded('success: ñ') }, 'text', 'success: ñ'],
  ['base64 of 6.0 as a table tells it', { version: '4', comments: encoded('x') }, 'text', 'x'],
  ['plain text of 5.0', { version: 3, comments: 'done' }, 'text', 'done'],
  ['base64 of which the side row is missing', { version: null, comments: encoded('success') }, 'text', 'success'],
  [
    'text of which the side row is missing',
    { comments: 'timeout, so force logout' },
    'text',
    'timeout, so force logout',
  ],
  ['a word that only looks like base64', { comments: 'done' }, 'text', 'done'],
  ['ciphertext', { version: 4, encrypt: 'Yes', comments: '007Ek+/bm90' }, 'encrypted', '007Ek+/bm90'],
  ['nothing', { comments: null }, 'text', ''],
];
for (const [title, row, form, text] of forms) {
  test(`comments are understood: ${title}`, (t) => {
    const comments = commentsOf(row);
    t.is(comments.form, form);
    t.is(comments.bytes.toString(), text);
    if (form === 'text' && text !== '') t.is<unknown, unknown>(storedComments(row, Buffer.from(text)), row.comments);
  });
}

test('octets that are no text stay as they are, and are told as far as they can be', (t) => {
  const bytes = Buffer.from([0x12, 0x00, 0xff, 0x41]);
  const columns = columnsOf({ version: 4, comments: bytes.toString('base64') });
  t.deepEqual(columns.commentBytes, bytes);
  t.is(columns.comments, '\u0012\u0000\ufffdA');
});

test('the patient of an API call is that of the call, when the row has none', (t) => {
  t.is(columnsOf({ patient_id: null, api: { patient_id: 17 } }).patient, '17');
  t.is(columnsOf({ patient_id: 9, api: { patient_id: 17 } }).patient, '9');
  t.is(columnsOf({ patient_id: 0, api: { patient_id: 0 } }).patient, '');
});

const outcomes: [event: string, comment: string, success: boolean | undefined, failed: boolean][] = [
  ['backup', 'Backup is completed', false, false],
  ['backup', 'Backup could not be made', false, true],
  ['logout', 'timeout, so force logout', false, false],
  ['logout', 'authCheckSession() check failed, so force logout', false, true],
  ['login', 'timeout', false, true],
  ['login', 'completed', true, false],
  ['view', '', undefined, false],
];
for (const [event, comment, success, failed] of outcomes) {
  test(`${event} with success ${success} and ${JSON.stringify(comment)} has ${failed ? '' : 'not '}failed`, (t) => {
    t.is(hasFailed({ event, version: 4, comments: encoded(comment) }, success), failed);
  });
}
