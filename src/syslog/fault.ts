/** Says where a message leaves RFC 5424's grammar: the rule that it breaks and the octet where that shows. */

export type BrokenRule =
  | 'priority'
  | 'version'
  | 'timestamp'
  | 'hostname'
  | 'app-name'
  | 'proc-id'
  | 'msg-id'
  | 'structured-data'
  | 'sd-id'
  | 'sd-id-twice'
  | 'sd-element'
  | 'param-name'
  | 'param-value'
  | 'param-value-not-utf8'
  | 'msg'
  | 'msg-not-utf8';

/** Thrown inside the parser, handed out by `parseMessage`. */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly rule: BrokenRule,
    /** Octets from the start of the message. */
    readonly offset: number,
  ) {
    super(`not RFC 5424: ${rule} at octet ${offset}`);
  }
}
