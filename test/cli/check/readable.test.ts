import test from 'ava';
import { isClosedTo } from '../../../src/cli/check/credentials.js';

const AGENTS = 997;
const home = { uid: 0, gid: AGENTS, mode: 0o040750 };

const files: [what: string, file: { uid: number; gid: number; mode: number }, closed: boolean][] = [
  ['a key for root alone', { uid: 0, gid: 0, mode: 0o100600 }, true],
  ['a key of root in the agent’s group, which may not read it', { uid: 0, gid: AGENTS, mode: 0o100600 }, true],
  ['a key that another group may read', { uid: 0, gid: 42, mode: 0o100640 }, true],
  ['a key that the agent’s group may read', { uid: 0, gid: AGENTS, mode: 0o100640 }, false],
  ['a certificate that everybody may read', { uid: 0, gid: 0, mode: 0o100644 }, false],
  ['a key of the agent’s own', { uid: AGENTS, gid: AGENTS, mode: 0o100400 }, false],
];
for (const [what, file, closed] of files) {
  test(`${what} is ${closed ? 'closed' : 'open'} to the agent`, (t) => t.is(isClosedTo(home, file), closed));
}

for (const [what, elsewhere] of [
  ['belongs to a user', { uid: 1000, gid: 1000, mode: 0o040750 }],
  ['is open to all', { uid: 0, gid: AGENTS, mode: 0o040755 }],
  ['is root’s alone', { uid: 0, gid: 0, mode: 0o040750 }],
] as const) {
  test(`nothing is said where the directory of the configuration ${what}`, (t) =>
    t.false(isClosedTo(elsewhere, { uid: 0, gid: 0, mode: 0o100600 })));
}
