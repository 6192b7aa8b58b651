import test from 'ava';
import { judge, type Observation } from '../../src/link/acknowledge.js';

const good: Observation = {
  answer: 'close-notify',
  finSeen: true,
  ourFinFirst: false,
  kernel: { state: 'close-wait', unconfirmedBytes: 0 },
  error: undefined,
};

test('an answered close_notify, their FIN and a socket in CLOSE_WAIT prove that everything was read', (t) => {
  t.like(judge(good), { proves: 'close-notify', doubt: '' });
});

test('a FIN without close_notify proves less', (t) => {
  t.is(judge({ ...good, answer: 'fin' }).proves, 'fin');
});

test('without a sight of the kernel an answer proves no more than a FIN', (t) => {
  t.is(judge({ ...good, kernel: 'unreadable' }).proves, 'fin');
});

test('a collector that waited for our FIN leaves no CLOSE_WAIT behind and is believed', (t) => {
  t.is(judge({ ...good, ourFinFirst: true, kernel: 'gone' }).proves, 'close-notify');
});

const doubtful: [string, Partial<Observation>][] = [
  ['a reset after the FIN', { kernel: 'gone' }],
  ['a socket that is not in CLOSE_WAIT', { kernel: { state: 'established', unconfirmedBytes: 0 } }],
  ['octets that their kernel never confirmed', { kernel: { state: 'close-wait', unconfirmedBytes: 1 } }],
  ['a close_notify that came before ours had left', { answer: 'unasked' }],
  ['an error', { error: new Error('ECONNRESET') }],
  ['a connection that broke', { answer: 'broken' }],
  ['a close_notify with which the connection stayed open', { finSeen: false }],
  ['silence with octets unconfirmed', { answer: 'none', kernel: { state: 'established', unconfirmedBytes: 9 } }],
  ['silence that nobody can look behind', { answer: 'none', kernel: 'unreadable' }],
];
for (const [what, change] of doubtful) {
  test(`${what} proves nothing, and the doubt is put into words`, (t) => {
    const ending = judge({ ...good, ...change });
    t.is(ending.proves, undefined);
    t.not(ending.doubt, '');
  });
}

test('silence on a connection that is up, with all confirmed, is the weakest proof', (t) => {
  const ending = judge({
    ...good,
    answer: 'none',
    finSeen: false,
    kernel: { state: 'established', unconfirmedBytes: 0 },
  });
  t.is(ending.proves, 'window');
});
