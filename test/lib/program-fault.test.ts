import test from 'ava';
import { programFault } from '../../src/lib/program-fault.js';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('an exception is named by its kind and its place, never by what it quotes', (t) => {
  const quoting = thrownBy(() => JSON.parse('{"user": Doe.js:1:2}'));
  t.true(String(quoting).includes('Doe'));
  t.regex(programFault(quoting), /^SyntaxError at program-fault\.test\.[jt]s:\d+:\d+$/);
  t.is(programFault('Doe'), 'string');
  t.is(programFault(Object.assign(new RangeError('Doe'), { stack: undefined })), 'RangeError');
});
