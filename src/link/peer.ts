/** Where a collector can be reached, and what is known of it once it is. */
export interface Target {
  /** As configured: the name that the certificate must bear. */
  readonly host: string;
  /** One of its addresses. */
  readonly address: string;
  readonly port: number;
}

/** What is known of the collector at the other end of a link, as `check` and `status` print it. */
export interface Peer {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** `TLSv1.3` … */
  readonly protocol: string;
  readonly cipher: string;
  readonly subject: string;
  readonly issuer: string;
  /** False: its extended key usage says otherwise, and `tls.purpose: any` passed over it. */
  readonly isForServers: boolean;
  /** `sha-256:AB:CD…` (RFC 5425 section 4.2.2). */
  readonly fingerprint: string;
  /** When its certificate ends, milliseconds since 1970. */
  readonly validToMs: number;
  /** Those by which it is trusted, from its issuer up. */
  readonly authorities: readonly PeerAuthority[];
}

export interface PeerAuthority {
  readonly subject: string;
  readonly fingerprint: string;
  readonly validToMs: number;
}
