import test from 'ava';
import { emergencyOf } from '../../src/openemr/emergency.js';

const cases: [event: string, success: boolean | undefined, means: string | undefined][] = [
  ['login', true, 'start'],
  ['login', undefined, 'start'],
  ['login', false, undefined],
  ['logout', true, 'stop'],
  ['logout', false, 'stop'],
  ['auth', true, undefined],
  ['view', true, undefined],
];
for (const [event, success, means] of cases) {
  test(`${event} with success ${success} of an emergency account means ${means}, of another nothing`, (t) => {
    t.is(emergencyOf(event, success, true), means as ReturnType<typeof emergencyOf>);
    t.is(emergencyOf(event, success, false), undefined);
  });
}
