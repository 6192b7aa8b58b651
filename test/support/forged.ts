/**
 * Stores that somebody has changed, and honest ones that look odd, each with what finds it:
 * its numbers alone, receipts, seals.
 */
import { type Signer, signerOf } from '../../src/seal/sealer.js';
import { makeTestPki, type PemPair, type TestPki } from './certificates.js';
import { type SealedRun, sealedRun } from './sealed.js';
import { auditMessage, ownMessage, runId } from './stored.js';

/** Within the validity of the certificates, which begins an hour or more before they are made. */
export const time = new Date(Date.now()).toISOString();

export interface World {
  readonly pki: TestPki;
  readonly signers: Readonly<Record<'agent' | 'renewed' | 'rsa' | 'expired' | 'stranger' | 'self', Signer>>;
  /** Two runs of one agent, the second killed, and a third; and one of another agent. */
  readonly one: SealedRun;
  readonly two: SealedRun;
  readonly three: SealedRun;
  readonly other: SealedRun;
}

export type Messages = readonly Buffer[];
/** What finds it: n by its numbers alone, r with receipts, s with seals. */
type Finds = '' | 'r' | 's' | 'rs' | 'nrs';

export interface Story {
  readonly name: string;
  readonly finds: Finds;
  readonly store: (world: World) => Messages;
  /** What the collector acknowledged; default: what the agents sent. */
  readonly sent?: (world: World) => readonly Messages[];
}

export const signer = ({ cert, key }: Pick<PemPair, 'cert' | 'key'>) => signerOf(cert, key)!;

/** What the stories are made of; the caller removes `pki`. */
export async function makeWorld(): Promise<World> {
  const pki = await makeTestPki();
  const [expired, stranger, self] = await Promise.all(
    (['expired', 'other-authority', 'self-signed'] as const).map((variant) => pki.leaf(variant, 'agent')),
  );
  const { collector: renewed } = pki;
  const rsaPki = await makeTestPki({ key: 'rsa-2048' });
  const signers = {
    agent: signer(pki.agent),
    renewed: signer(renewed),
    rsa: signer(rsaPki.agent),
    expired: signer(expired!),
    stranger: signer(stranger!),
    self: signer(self!),
  };
  const { agent } = signers;
  const one = sealedRun({ run: runId(1), signer: agent, lines: [6, 6, 6], time });
  const two = sealedRun({ run: runId(2), signer: agent, lines: [6], follows: nameOf(one), killedAfter: 4, time });
  const three = sealedRun({ run: runId(3), signer: agent, lines: [6], follows: nameOf(two), time });
  const other = sealedRun({ run: runId(9), signer: signers.renewed, lines: [6, 6], time });
  await rsaPki.remove();
  return { pki, signers, one, two, three, other };
}

function nameOf({ run, messages }: SealedRun): string {
  return `${run}:${messages.length}`;
}

/** Made once: an ECDSA signature is another one each time. */
function once<T>(make: (world: World) => T): (world: World) => T {
  let made: { readonly is: T } | undefined;
  return (given) => {
    made ??= { is: make(given) };
    return made.is;
  };
}

const all = ({ one, two, three }: World) => [...one.messages, ...two.messages, ...three.messages];
const kindOf = (message: Buffer) => /kind="([\w-]+)"/.exec(message.toString('latin1'))?.[1] ?? 'line';
const edit = (message: Buffer, from: string | RegExp, to: string) =>
  Buffer.from(message.toString('latin1').replace(from, to), 'latin1');

/** One message of a run, by its kind and how many of that kind come before it. */
function at(run: SealedRun, kind: string, number: number): Buffer {
  const found = run.messages.filter((message) => kindOf(message) === kind).at(number);
  if (found === undefined) throw new Error(`no ${kind} ${number}`);
  return found;
}

export const stories: Story[] = [];
const story = (name: string, finds: Finds, store: Story['store'], sent?: Story['sent']) =>
  stories.push({ name, finds, store, ...(sent && { sent }) });
const replaced = (messages: Messages, old: Buffer, next: readonly Buffer[]) =>
  messages.flatMap((message) => (message === old ? next : [message]));

type RunName = 'one' | 'two' | 'three';
const PLACES: readonly (readonly [RunName, string, number, string])[] = [
  ['one', 'start', 0, 'the first start'],
  ['one', 'line', 0, 'the first line'],
  ['one', 'line', 8, 'a line in the middle'],
  ['one', 'line', 17, 'the last line of a run'],
  ['one', 'seal', 1, 'a seal in the middle'],
  ['one', 'seal-certificate', 0, 'the certificate'],
  ['two', 'start', 0, 'a later start'],
  ['two', 'line', 3, 'a line of a later run'],
  ['three', 'line', 5, 'the last line of all'],
];
for (const [run, kind, number, words] of PLACES) {
  story(`${words} altered`, 'rs', (w) => {
    const old = at(w[run], kind, number);
    return replaced(all(w), old, [edit(old, /clinic/, 'CLINIC')]);
  });
  story(`${words} dropped`, 'nrs', (w) => replaced(all(w), at(w[run], kind, number), []));
  story(`${words} repeated with other octets`, 'nrs', (w) => {
    const old = at(w[run], kind, number);
    return replaced(all(w), old, [old, edit(old, /clinic/, 'CLINIC')]);
  });
  story(`${words} repeated as it is`, '', (w) =>
    replaced(all(w), at(w[run], kind, number), [at(w[run], kind, number), at(w[run], kind, number)]),
  );
}
story('nothing changed', '', all);
story('the store backwards', '', (w) => all(w).toReversed());
story('the runs in another order', '', (w) => [...w.three.messages, ...w.one.messages, ...w.two.messages]);
story('a line moved to the end', '', (w) => [...replaced(all(w), at(w.one, 'line', 3), []), at(w.one, 'line', 3)]);
story('backwards, and one line altered', 'rs', (w) =>
  replaced(all(w), at(w.one, 'line', 3), [edit(at(w.one, 'line', 3), 'line', 'LINE')]).toReversed(),
);
story('two lines with their numbers swapped', 'rs', (w) => {
  const [a, b] = [at(w.one, 'line', 3), at(w.one, 'line', 4)];
  const seqOf = (message: Buffer) => /seq="(\d+)"/.exec(message.toString('latin1'))![1]!;
  return replaced(replaced(all(w), a, [edit(a, /seq="\d+"/, `seq="${seqOf(b)}"`)]), b, [
    edit(b, /seq="\d+"/, `seq="${seqOf(a)}"`),
  ]);
});
story('a line replaced by one of another run', 'rs', (w) => {
  const [old, from] = [at(w.one, 'line', 3), at(w.two, 'line', 2)];
  const name = /run="\w+" seq="\d+"/;
  return replaced(all(w), old, [edit(from, name, name.exec(old.toString('latin1'))![0])]);
});
story('an unsealed line behind the last seal of a killed run altered', 'r', (w) =>
  replaced(all(w), at(w.two, 'line', 8), [edit(at(w.two, 'line', 8), 'line', 'LINE')]),
);
story('an unsealed line behind the last seal of a killed run dropped', 'nrs', (w) =>
  replaced(all(w), at(w.two, 'line', 9), []),
);
story('a line beyond the end of a run', 'nrs', (w) => [...all(w), auditMessage(w.one.run, w.one.messages.length + 1)]);
story('a line behind the last seal of the last run', '', (w) => [
  ...all(w),
  auditMessage(w.three.run, w.three.messages.length + 1),
]);
story('an invented run', 'rs', (w) => [...all(w), auditMessage(runId(5), 1), auditMessage(runId(5), 2)]);
story('an invented run behind the last one', 's', (w) => [
  ...all(w),
  auditMessage(runId(5), 1, { follows: nameOf(w.three) }),
]);
story('an invented run between two', 'nrs', (w) => [
  ...all(w),
  auditMessage(runId(5), 1, { follows: `${w.one.run}:5` }),
  auditMessage(runId(6), 1, { follows: `${runId(7)}:1` }),
]);
story('two runs that follow each other', 'nrs', (w) => [
  ...all(w),
  auditMessage(runId(5), 1, { follows: `${runId(6)}:1` }),
  auditMessage(runId(6), 1, { follows: `${runId(5)}:1` }),
]);
story('a run that follows itself', 'nrs', (w) => [...all(w), auditMessage(runId(5), 1, { follows: `${runId(5)}:1` })]);
for (const [name, by] of [
  ['of another authority', 'stranger'],
  ['that has signed itself', 'self'],
  ['that had expired', 'expired'],
] as const) {
  story(`an invented run sealed with a key ${name}`, 'rs', (w) => [
    ...all(w),
    ...sealedRun({ run: runId(5), signer: w.signers[by], lines: [3], time }).messages,
  ]);
  story(`a whole run sealed anew with a key ${name}`, 'rs', (w) => [
    ...sealedRun({ run: w.one.run, signer: w.signers[by], lines: [6, 6, 6], time, msg: 'changed' }).messages,
    ...w.two.messages,
    ...w.three.messages,
  ]);
}
story('the last seal of a run replaced by a line', 'r', (w) =>
  replaced(all(w), at(w.three, 'seal', -1), [auditMessage(w.three.run, w.three.messages.length)]),
);
story('all seals of a run replaced by lines', 'rs', (w) => [
  ...w.one.messages.map((message, index) =>
    kindOf(message) === 'seal' ? auditMessage(w.one.run, index + 1) : message,
  ),
  ...w.two.messages,
  ...w.three.messages,
]);
story('a seal that says a digest of its own', 'rs', (w) =>
  replaced(all(w), at(w.one, 'seal', 2), [edit(at(w.one, 'seal', 2), /sha256="\w+"/, `sha256="${'ab'.repeat(32)}"`)]),
);
story('a seal with its signature cut', 'rs', (w) =>
  replaced(all(w), at(w.one, 'seal', 2), [edit(at(w.one, 'seal', 2), /signature="[^"]+"/, 'signature=""')]),
);
story('a seal with another time', 'rs', (w) =>
  replaced(all(w), at(w.three, 'seal', -1), [edit(at(w.three, 'seal', -1), / time="20\d\d/, ' time="2031')]),
);
story('a seal with the name of another key', 'rs', (w) =>
  replaced(all(w), at(w.three, 'seal', -1), [
    edit(at(w.three, 'seal', -1), / key="\w+"/, ` key="${w.signers.renewed.id}"`),
  ]),
);
story('a seal of another run in its place', 'rs', (w) => {
  const [old, from] = [at(w.three, 'seal', -1), at(w.two, 'seal', -1)];
  const name = /run="\w+" seq="\d+"/;
  return replaced(all(w), old, [edit(from, name, name.exec(old.toString('latin1'))![0])]);
});
story('a seal with words that none has', 'rs', (w) =>
  replaced(all(w), at(w.three, 'seal', -1), [edit(at(w.three, 'seal', -1), / messages="\d+"/, ' messages="x"')]),
);
story('the first run missing', 'nrs', (w) => [...w.two.messages, ...w.three.messages]);
story('a run in the middle missing', 'nrs', (w) => [...w.one.messages, ...w.three.messages]);
story('the last run missing', 'r', (w) => [...w.one.messages, ...w.two.messages]);
story('the end of the store missing, from a seal on', 'r', (w) => all(w).slice(0, -7));
story('the beginning of the store missing', 'nrs', (w) => all(w).slice(3));
story(
  'two agents in one store',
  '',
  (w) => [...all(w), ...w.other.messages],
  (w) => [w.one.messages, w.two.messages, w.three.messages, w.other.messages],
);
story(
  'two agents in one store, line by line',
  '',
  (w) => all(w).flatMap((message, index) => [message, ...w.other.messages.slice(index, index + 1)]),
  (w) => [w.one.messages, w.two.messages, w.three.messages, w.other.messages],
);
story(
  'two agents, and a line of one given to the other',
  'rs',
  (w) => {
    const [old, from] = [at(w.one, 'line', 3), at(w.other, 'line', 2)];
    const name = /run="\w+" seq="\d+"/;
    return [...replaced(all(w), old, [edit(from, name, name.exec(old.toString('latin1'))![0])]), ...w.other.messages];
  },
  (w) => [w.one.messages, w.two.messages, w.three.messages, w.other.messages],
);
const renewedRun = once((w) =>
  sealedRun({
    run: runId(4),
    signer: w.signers.agent,
    lines: [3, 3, 3],
    renewed: { at: 1, signer: w.signers.renewed },
    time,
  }),
);
story(
  'a key renewed in between',
  '',
  (w) => renewedRun(w).messages,
  (w) => [renewedRun(w).messages],
);
story(
  'a key renewed in between, backwards',
  '',
  (w) => renewedRun(w).messages.toReversed(),
  (w) => [renewedRun(w).messages],
);
story(
  'a message altered between old and new key',
  'rs',
  (w) => {
    const run = renewedRun(w);
    return replaced(run.messages, at(run, 'line', 4), [edit(at(run, 'line', 4), 'line', 'LINE')]);
  },
  (w) => [renewedRun(w).messages],
);
story(
  'the certificate of a renewed key dropped',
  'nrs',
  (w) => {
    const run = renewedRun(w);
    return replaced(run.messages, at(run, 'seal-certificate', 1), []);
  },
  (w) => [renewedRun(w).messages],
);
// The agent goes on from a copy of yesterday, twice.
const copies = once((w) =>
  [runId(7), runId(8)].map(
    (run) =>
      sealedRun({ run, signer: w.signers.agent, lines: [3], follows: `${w.one.run}:${w.one.messages.length}`, time })
        .messages,
  ),
);
story(
  'a machine that was cloned',
  '',
  (w) => [...w.one.messages, ...copies(w).flat()],
  (w) => [w.one.messages, ...copies(w)],
);
const setBack = once(
  (w) => sealedRun({ run: runId(7), signer: w.signers.agent, lines: [3], follows: `${w.one.run}:9`, time }).messages,
);
story(
  'a machine that was set back, and a line that it never sent',
  'nrs',
  (w) => [...w.one.messages, auditMessage(w.one.run, w.one.messages.length + 1), ...setBack(w)],
  (w) => [w.one.messages, setBack(w)],
);
const afterKill = once(
  (w) => sealedRun({ run: runId(8), signer: w.signers.agent, lines: [3], follows: `${runId(7)}:2`, time }).messages,
);
story(
  'a machine that was killed before its first seal',
  '',
  (w) => [
    ...w.one.messages,
    ownMessage(runId(7), 1, 'start', '', { follows: nameOf(w.one) }),
    auditMessage(runId(7), 2),
    ...afterKill(w),
  ],
  (w) => [
    w.one.messages,
    [ownMessage(runId(7), 1, 'start', '', { follows: nameOf(w.one) }), auditMessage(runId(7), 2)],
    afterKill(w),
  ],
);
