/** What the demo's collector has received: which entries, how often, by run and seq of each message. */
import { parseMessage } from '../../syslog/rfc5424.js';

export interface Arrival {
  readonly kind: 'entry' | 'own' | 'unknown';
  /** One line for a person: time, event, user, patient, outcome. */
  readonly text: string;
}

export class Tally {
  repeated = 0;
  readonly #seen = new Set<string>();
  readonly #entries = new Set<string>();

  /** Different entries that have arrived. */
  get received(): number {
    return this.#entries.size;
  }

  add(bytes: Buffer): Arrival {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return { kind: 'unknown', text: `not understood: ${parsed.fault.message}` };
    const { timestamp, msgId, structuredData } = parsed.message;
    const element = structuredData.find(({ id }) => id.startsWith('audit@') || id.startsWith('agent@'));
    const value = (name: string) => element?.params.find(([param]) => param === name)?.[1];
    const name = `${value('run')}:${value('seq')}`;
    if (this.#seen.has(name)) this.repeated += 1;
    this.#seen.add(name);
    if (element?.id.startsWith('agent@')) return { kind: 'own', text: `${timestamp} the agent says: ${value('kind')}` };
    this.#entries.add(value('id') ?? name);
    const patient = value('patient') === undefined ? '' : `, patient ${value('patient')}`;
    const outcome = value('success') === '0' ? ', FAILED' : '';
    return {
      kind: 'entry',
      text: `${timestamp} ${msgId} by ${value('user') ?? 'nobody'}${patient}${outcome}  [seq ${value('seq')}]`,
    };
  }
}
