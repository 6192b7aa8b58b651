import test from 'ava';
import { Finder } from '../../../src/source/find/finder.js';
import { guarded } from '../../../src/source/find/follow-policy.js';
import { MemoryFiles } from '../../support/memory-files.js';

const AGENT = 997;
const WEB = 33;
const OTHER = 1000;

/** /logs, where the web server's user writes, and what he would like to be sent. */
function disk(): MemoryFiles {
  const files = new MemoryFiles();
  for (const [path, uid] of [
    ['/logs/audit.log', WEB],
    ['/logs/secret', 0],
    ['/elsewhere/root.log', 0],
    ['/elsewhere/web.log', WEB],
    ['/etc/agent/agent.key', AGENT],
    ['/var/lib/agent/receipts/2026-01.jsonl', AGENT],
    ['/proc/self/environ', AGENT],
  ] as const) {
    files.put(path, 'line\n');
    files.own(path, uid);
  }
  files.own('/logs', WEB);
  return files;
}

async function look(files: MemoryFiles, paths = ['/logs/*.log'], known: readonly { path: string; key: string }[] = []) {
  const source = { name: 'main', paths, exclude: [], rotated: [] };
  const ownPaths = ['/etc/agent/agent.key', '/var/lib/agent'];
  const finder = new Finder([source], { files, nowMs: () => 0, ownPaths, uid: AGENT });
  const snapshot = await finder.find(known.map((one) => ({ ...one, source: 'main' })));
  const found = [...snapshot.files.values()].map(({ names: [{ path }] }) => path);
  return { finder, snapshot, found: found.filter((path) => path !== '/logs/audit.log'), refused: snapshot.refused };
}

const LINKS: readonly [what: string, owner: number, target: string, refused: string | undefined][] = [
  ['of the web server to a file of root', WEB, '/elsewhere/root.log', 'link-owner'],
  ['of the web server to a file of root in the same directory', WEB, 'secret', 'link-owner'],
  ['of the web server to a file of its own elsewhere', WEB, '/elsewhere/web.log', 'link-target'],
  ['of the web server to a file of its own in the same directory', WEB, 'audit.log', undefined],
  ['of another user to a file of the web server', OTHER, 'audit.log', 'link-owner'],
  ['of root to a file elsewhere', 0, '/elsewhere/root.log', undefined],
  ['of the agent to a file elsewhere', AGENT, '/elsewhere/root.log', undefined],
  ['of root to a link of the web server to a file of root', 0, '/elsewhere/hop', 'link-owner'],
  ["to the agent's key", 0, '/etc/agent/agent.key', 'own-file'],
  ['to the receipts', AGENT, '/var/lib/agent/receipts/2026-01.jsonl', 'own-file'],
  ['below /proc', AGENT, '/proc/self/environ', 'kernel-file'],
];
for (const [what, owner, target, because] of LINKS) {
  test(`a link ${what} is ${because === undefined ? 'followed' : `refused: ${because}`}`, async (t) => {
    const files = disk();
    files.symlink('/elsewhere/root.log', '/elsewhere/hop');
    files.own('/elsewhere/hop', WEB);
    files.symlink(target, '/logs/link.log');
    files.own('/logs/link.log', owner);
    const { snapshot, refused } = await look(files);
    t.deepEqual(refused, because === undefined ? [] : [{ path: '/logs/link.log', source: 'main', because }]);
    t.is(snapshot.at('/logs/link.log') === undefined, because !== undefined);
    t.is(snapshot.isAbsent('/logs/link.log'), because !== undefined);
  });
}

test('a link that a pattern names may leave its directory, but not for a file of another user', async (t) => {
  const files = disk();
  files.remove('/logs/audit.log');
  files.symlink('/elsewhere/web.log', '/logs/audit.log');
  files.own('/logs/audit.log', WEB);
  t.deepEqual((await look(files, ['/logs/audit.log'])).refused, []);
  files.remove('/logs/audit.log');
  files.symlink('/elsewhere/root.log', '/logs/audit.log');
  files.own('/logs/audit.log', WEB);
  t.like((await look(files, ['/logs/audit.log'])).refused, [{ because: 'link-owner' }]);
});

test('a link to a directory is judged like one to a file, wherever it stands in the path', async (t) => {
  const files = disk();
  files.symlink('/', '/logs/rootdir');
  files.own('/logs/rootdir', WEB);
  for (const pattern of ['/logs/**/*.log', '/logs/*/elsewhere/*.log', '/logs/rootdir/elsewhere/*.log'])
    t.deepEqual(
      (await look(files, [pattern])).refused,
      [{ path: '/logs/rootdir', source: 'main', because: 'link-owner' }],
      pattern,
    );
});

test('rotated files beside a log are judged, too', async (t) => {
  const files = disk();
  files.symlink('secret', '/logs/audit.log.1');
  files.own('/logs/audit.log.1', WEB);
  t.deepEqual((await look(files)).refused, [{ path: '/logs/audit.log.1', source: 'main', because: 'link-owner' }]);
});

for (const [what, uid, mode, isRefused] of [
  ['of its own', WEB, 0o755, true],
  ['that everybody may write to', 0, 0o777, true],
  ['of root', 0, 0o755, false],
] as const) {
  test(`a hard link to a file of root in a directory ${what} is ${isRefused ? 'refused' : 'followed'}`, async (t) => {
    const files = disk();
    files.own('/logs', uid, mode);
    files.link('/elsewhere/root.log', '/logs/hard.log');
    const { refused, found } = await look(files);
    t.deepEqual(
      [refused, found].map((each) => each.length),
      isRefused ? [1, 0] : [0, 1],
    );
    t.is(refused[0]?.because, isRefused ? 'hard-link' : undefined);
    const { dev, ino } = await files.stat('/elsewhere/root.log');
    const known = await look(files, ['/logs/*.log'], [{ path: '/logs/hard.log', key: `${dev}:${ino}` }]);
    t.deepEqual(known.refused, [], 'one that is followed already stays so');
  });
}

test('what a pattern finds among the files of the agent is refused, also under another name of them', async (t) => {
  const files = disk();
  files.link('/etc/agent/agent.key', '/elsewhere/key.log');
  const { refused, found } = await look(files, ['/elsewhere/*.log', '/var/lib/agent/**', '/etc/agent/*']);
  t.deepEqual(
    refused.map(({ path, because }) => [path, because]),
    [
      ['/var/lib/agent', 'own-file'],
      ['/elsewhere/key.log', 'own-file'],
      ['/etc/agent/agent.key', 'own-file'],
    ],
  );
  t.deepEqual(found, ['/elsewhere/root.log', '/elsewhere/web.log']);
});

test('what has come to lie elsewhere when it is opened is not read', async (t) => {
  const { finder } = await look(disk());
  const opened = async (path: string | undefined) => {
    let closed = false;
    const closing = () => {
      closed = true;
    };
    const file = { path: () => path, close: () => Promise.resolve(closing()) };
    const files = guarded({ open: async () => file as never }, finder.policy);
    const code = await files.open('/logs/audit.log', 'read').then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    return closed ? code : undefined;
  };
  t.is(await opened('/logs/audit.log'), undefined);
  t.is(await opened('/logs/audit.log (deleted)'), undefined);
  t.is(await opened(undefined), undefined);
  t.is(await opened('/elsewhere/root.log'), 'ENOENT');
  t.is(await opened('/etc/agent/agent.key'), 'ENOENT');
});
