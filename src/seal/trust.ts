/** Judges at whose word a seal is believed: its certificate must lead to an authority that the inspector trusts, all valid when it was made. */
import { X509Certificate } from 'node:crypto';

/** Why the first of `chain` is not believed at that time; `undefined`: it is. */
export type Distrust = (chain: readonly Buffer[], timeMs: number) => string | undefined;

/** No chain in use is longer. */
const MOST_LINKS = 8;

/** `anchors` are trusted as they are, whether they have signed themselves or not. */
export function distrustBy(anchors: readonly X509Certificate[]): Distrust {
  return (chain, timeMs) => {
    const others = chain.slice(1).map((der) => new X509Certificate(der));
    let present = new X509Certificate(chain[0]!);
    for (let links = 0; links < MOST_LINKS; links++) {
      const subject = subjectOf(present);
      if (timeMs < Date.parse(present.validFrom)) return `the certificate of ${subject} was not valid yet`;
      if (timeMs > Date.parse(present.validTo)) return `the certificate of ${subject} had expired`;
      if (anchors.some(({ raw }) => raw.equals(present.raw))) return undefined;
      const issuer = [...anchors, ...others].find((each) => hasIssued(each, present));
      if (issuer === undefined || issuer.raw.equals(present.raw))
        return `no authority given with --trust vouches for ${subject}`;
      present = issuer;
    }
    return 'the chain of certificates is too long';
  };
}

/** In one line, `CN=emr.clinic.example, O=Clinic`. */
export function subjectOf({ subject }: Pick<X509Certificate, 'subject'>): string {
  return (subject ?? '').split('\n').reverse().join(', ');
}

function hasIssued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}
