import test from 'ava';
import fc from 'fast-check';
import { Awaited } from '../../../src/export/follow/generation.js';

const range = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(8)).map(([from, more]) => ({ from, to: from + more }));
const action = fc.oneof(
  fc.record({ name: fc.constant('add' as const), ranges: fc.array(range, { maxLength: 4 }) }),
  fc.record({ name: fc.constant('remove' as const), id: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ name: fc.constant('giveUp' as const), settleMs: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ name: fc.constant('retain' as const), ids: fc.uniqueArray(fc.integer({ min: 1, max: 50 })) }),
);

test('ranges of awaited ids are what a table of single ids would be', (t) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const awaited = new Awaited();
      const since = new Map<number, number>();

      for (const [nowMs, act] of actions.entries()) {
        switch (act.name) {
          case 'add':
            awaited.add(act.ranges, nowMs);
            for (const { from, to } of act.ranges) {
              for (let id = from; id <= to; id += 1) if (!since.has(id)) since.set(id, nowMs);
            }
            break;
          case 'remove':
            awaited.remove(act.id);
            since.delete(act.id);
            break;
          case 'giveUp':
            awaited.giveUp(nowMs, act.settleMs);
            for (const [id, sinceMs] of since) if (nowMs - sinceMs >= act.settleMs) since.delete(id);
            break;
          case 'retain': {
            const ids = act.ids.toSorted((a, b) => a - b);
            awaited.retain(ids);
            for (const id of since.keys()) if (!ids.includes(id)) since.delete(id);
            break;
          }
          default:
            act satisfies never;
        }
        const ids = Array.from({ length: 60 }, (_, id) => id);
        t.deepEqual(
          ids.filter((id) => awaited.has(id)),
          ids.filter((id) => since.has(id)),
        );
        const isDue = (id: number) => since.has(id) && nowMs - since.get(id)! >= 3;
        t.deepEqual(
          ids.filter((id) => awaited.isDue(id, nowMs, 3)),
          ids.filter(isDue),
        );
        t.is(awaited.lowest, Math.min(...since.keys()));
        t.is(awaited.isEmpty, since.size === 0);
      }
    }),
  );
});
