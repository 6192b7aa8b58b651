/** Connects the collector of one run of `listen` to the output file and to standard output. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Client } from '../../collector/client.js';
import type { CollectorOutlet, Refusal } from '../../collector/collector.js';
import type { Ending, Totals } from '../../collector/connection.js';
import type { Framing } from '../../collector/framing.js';
import type { Report } from '../../model/report.js';
import { Unframer } from '../../syslog/rfc5425.js';
import type { Lane, MessageFile } from './message-file.js';
import type { Speaker, Summary } from './speaker.js';

export interface SessionOptions {
  readonly speaker: Speaker;
  readonly report: Report;
  readonly stdout: Writable;
  readonly file: MessageFile | undefined;
  /** Called when so many messages have come. */
  readonly count: { readonly messages: number; reached(): void } | undefined;
}

interface Present {
  readonly lane: Lane | undefined;
  framing: Framing | undefined;
}

export class Session implements CollectorOutlet {
  readonly report: Report;
  readonly #options: SessionOptions;
  readonly #present = new Map<number, Present>();
  #clients = 0;
  #refused = 0;
  #messages = 0;
  #bytes = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.report = options.report;
  }

  get summary(): Summary {
    return { clients: this.#clients, refused: this.#refused, messages: this.#messages, bytes: this.#bytes };
  }

  unframe(maxMessageBytes: number): Unframer {
    return new Unframer({ maxMessageBytes });
  }

  onConnection(client: Client): void {
    this.#clients += 1;
    this.#present.set(client.number, { lane: this.#options.file?.lane(), framing: undefined });
    this.#options.speaker.connected(client);
  }

  onRefused(refusal: Refusal): void {
    this.#refused += 1;
    this.#options.speaker.refused(refusal);
  }

  onMessage(message: Buffer, client: Client, framing: Framing): void | Promise<void> {
    const { speaker, stdout, count } = this.#options;
    const present = this.#present.get(client.number);
    if (present !== undefined && present.framing === undefined) {
      present.framing = framing;
      speaker.framing(client, framing);
    }
    const kept = present?.lane?.append(message);
    const roomLeft = speaker.message(client, message);
    this.#messages += 1;
    this.#bytes += message.length;
    if (count !== undefined && this.#messages === count.messages) count.reached();
    if (kept === undefined && roomLeft) return;
    return Promise.all([kept, roomLeft ? undefined : once(stdout, 'drain')]).then(() => {});
  }

  async onEnd(client: Client, ending: Ending, totals: Totals): Promise<void> {
    const lane = this.#present.get(client.number)?.lane;
    this.#present.delete(client.number);
    let told = ending;
    try {
      await lane?.finish();
    } catch (cause) {
      told = { name: 'not-taken', cause };
      throw cause;
    } finally {
      this.#options.speaker.ended(client, told, totals);
    }
  }
}
