/** One address at which a collector may be reached. */
export interface Target {
  /** As configured: the name that the certificate must bear. */
  readonly host: string;
  /** One of its addresses. */
  readonly address: string;
  readonly port: number;
}
