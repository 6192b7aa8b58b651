/** Stores that an agent has sealed: runs of messages, their certificates and their seals, made with keys of the test. */
import { createHash } from 'node:crypto';
import { certificateFields, chained, sealFields, signSeal } from '../../src/seal/seal.js';
import type { Signer } from '../../src/seal/sealer.js';
import { auditMessage, ownMessage, type Stored } from './stored.js';

export interface SealedRun {
  readonly run: string;
  readonly messages: readonly Buffer[];
}

export interface RunPlan {
  readonly run: string;
  readonly signer: Signer;
  /** Lines between seals, a seal behind each number of them. */
  readonly lines: readonly number[];
  readonly follows?: string;
  /** Lines behind the last seal; the agent is killed then. */
  readonly killedAfter?: number;
  /** Another signer from this seal on, counted from 0. */
  readonly renewed?: { readonly at: number; readonly signer: Signer };
  /** The chain begins anew, as after a failed disk, behind the first of these lines: no seal covers that one. */
  readonly anew?: number;
  /** Of the seals. */
  readonly time?: string;
  readonly msg?: string;
  /** Host and time in front of every message. */
  readonly header?: Pick<Stored, 'host' | 'time'>;
}

/** start, certificates, and then lines and seals by turns, as an agent sends them. */
export function sealedRun(plan: RunPlan): SealedRun {
  const { run, lines, follows, killedAfter = 0, renewed, anew, time = '2026-11-23T10:00:00.000Z', msg, header } = plan;
  const messages: Buffer[] = [];
  const seq = () => messages.length + 1;
  const say = (kind: string, fields: readonly (readonly [string, string])[], given: Stored = {}) =>
    messages.push(
      ownMessage(run, seq(), kind, fields.map(([name, value]) => ` ${name}="${value}"`).join(''), {
        ...header,
        ...given,
      }),
    );
  const line = () =>
    messages.push(auditMessage(run, seq(), { ...header, ...(msg !== undefined && { msg: `${msg} ${seq()}` }) }));
  let signer: Signer | undefined;
  let before = '';
  let first = 1;
  const seal = (by: Signer) => {
    if (signer !== by) for (const fields of certificateFields(by.chain, 4000)) say('seal-certificate', fields);
    signer = by;
    const hash = createHash('sha256').update(chained(before));
    for (const message of messages.slice(first - 1)) hash.update(`${message.length} `).update(message);
    const sha256 = hash.digest('hex');
    const made = { run, first, last: messages.length, before, sha256, time, key: by.id };
    first = seq();
    before = sha256;
    say('seal', sealFields(made, signSeal(made, by.key)));
  };
  say('start', [['version', '1.0.0']], follows === undefined ? {} : { follows });
  seal(plan.signer);
  for (const [index, count] of lines.entries()) {
    for (let at = 0; at < count; at++) {
      line();
      if (at > 0 || index !== anew) continue;
      before = '';
      first = seq();
    }
    seal(renewed !== undefined && index >= renewed.at ? renewed.signer : plan.signer);
  }
  for (let at = 0; at < killedAfter; at++) line();
  return { run, messages };
}
