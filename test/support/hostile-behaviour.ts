/**
 * How a hostile collector behaves, as plain values that also travel to a child
 * process. An empty object is a good collector: it shakes hands, reads
 * everything, answers close_notify with its own and a FIN.
 */
import type { Alert } from './tls-alert.js';

export interface Behaviour {
  /** Only this version; both when absent. */
  readonly tls?: 'TLSv1.2' | 'TLSv1.3';
  readonly handshake?: Handshake;
  /** What follows the client's close_notify. */
  readonly close?: Close;
  /** Closes a connection on which nothing has come for so long. */
  readonly idle?: { readonly afterMs: number; readonly how: Hangup };
  /** Octets a second out of TLS, or nothing at all out of the kernel once the handshake is done. */
  readonly read?: { readonly bytesPerSecond: number } | 'nothing';
  /** Sent once the handshake is done. */
  readonly send?: Send;
  /** Ends each connection when it has taken this many octets out of TLS. */
  readonly cut?: { readonly afterBytes: number; readonly how: Hangup };
  /** Ends the connection at each message that holds this text, and does not store it. */
  readonly drop?: { readonly text: string; readonly how: Hangup };
  /** The next connection's first octet is read when the one before has ended; the kernel accepts it meanwhile. */
  readonly oneAtATime?: boolean;
}

export type Handshake =
  /** Accepts TCP and never says a word. */
  | 'never'
  /** Ends right after it, with close_notify and FIN. */
  | 'then-close'
  /** Refuses the client's certificate: after the handshake under TLS 1.3, in it under 1.2. */
  | { readonly refuse: Alert };

export type Close =
  /** close_notify and FIN (default). */
  | 'answer'
  /** close_notify; the FIN waits for the client's. */
  | 'answer-without-fin'
  /** FIN without close_notify, as rsyslog's gtls driver and Vector do. */
  | 'fin'
  | 'reset'
  /** close_notify and FIN, and a moment later a reset: as of a process that stops and takes its time to end, octets unread. */
  | 'answer-then-reset'
  | 'never'
  /**
   * The process ends as one that was told to stop: it says close_notify and is gone, although it has not taken the
   * last `unreadBytes` octets (of TLS records) that came before the client's close_notify.
   */
  | { readonly stopWithUnreadBytes: number };

export type Hangup = 'close-notify' | 'fin' | 'reset';

export type Send =
  /** Octets that are no TLS record. */
  | 'rubbish'
  /** An encrypted alert. */
  | { readonly alert: Alert }
  /** Application data, which no collector has to say. */
  | { readonly text: string };
