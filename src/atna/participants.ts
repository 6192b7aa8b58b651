/**
 * Writes ActiveParticipant, PS3.15 tables A.5.1-1 and A.5.2-1: persons are
 * `login@domain` (section A.5.2.1), so is the application. Where a person worked is
 * the address that OpenEMR wrote into a login's comments or into `api_log`, or else
 * the machine that OpenEMR runs on, because section A.5.3.12 requires one. At most
 * one participant is the requestor.
 */
import { isIP } from 'node:net';
import {
  APPLICATION,
  type Code,
  coded,
  DESTINATION,
  DESTINATION_MEDIA,
  EMAIL,
  PAPER,
  SOURCE,
  SOURCE_MEDIA,
  URI_MEDIA,
} from './codes.js';
import type { Cast, Subject } from './rule.js';
import { xmlText, xmlToken } from './xml.js';

export class Participants {
  readonly #host: string;
  readonly #domain: string;
  readonly #application: string;
  readonly #forwarder: string;

  /** `host` runs OpenEMR and this program; no value takes more than `valueMax` octets. */
  constructor(
    host: string,
    appName: string,
    private readonly valueMax: number,
  ) {
    this.#host = networkPoint(host, valueMax);
    this.#domain = `@${host}`;
    this.#application = xmlText(appName + this.#domain, valueMax);
    this.#forwarder = xmlText(`openemr-audit-forwarder${this.#domain}`, valueMax);
  }

  /** What stands behind a user's name. */
  get domainOctets(): number {
    return xmlText(this.#domain, Number.POSITIVE_INFINITY).length;
  }

  /** The application as AuditSourceIdentification names it. */
  get source(): string {
    return this.#application;
  }

  /** This program as AuditSourceIdentification names it. */
  get forwarder(): string {
    return this.#forwarder;
  }

  of(cast: Cast, subject: Subject): string {
    switch (cast) {
      case 'user':
        return this.#user(subject, true) + this.#emr(false, APPLICATION);
      case 'logged-off':
        return this.#user(subject, false) + this.#emr(true, APPLICATION);
      case 'backup':
        return this.#user(subject, true, SOURCE) + this.#emr(false, SOURCE) + media(DESTINATION_MEDIA, URI_MEDIA);
      case 'export':
        return this.#user(subject, true, SOURCE) + media(DESTINATION_MEDIA, URI_MEDIA);
      case 'print':
        return this.#user(subject, true, SOURCE) + media(DESTINATION_MEDIA, PAPER);
      case 'transmission':
        // To whom stands in the comments, if anywhere, in words of many forms.
        return (
          this.#user(subject, true, SOURCE) +
          participant('unknown', false, '', coded('RoleIDCode', DESTINATION)) +
          media(DESTINATION_MEDIA, URI_MEDIA)
        );
      case 'disclosure':
        return this.#user(subject, true, SOURCE) + this.#recipient(subject);
      case 'import':
        return (
          this.#emr(true, DESTINATION) +
          media(SOURCE_MEDIA, subject.record.event === 'direct-message-check' ? EMAIL : URI_MEDIA)
        );
      case 'query':
        return this.#user(subject, true, SOURCE) + this.#emr(false, DESTINATION);
      case 'forwarder':
        return this.itself();
      default:
        return cast satisfies never;
    }
  }

  /** This program, of which nobody asked anything. */
  itself(): string {
    return participant(this.#forwarder, false, this.#host, coded('RoleIDCode', APPLICATION));
  }

  #user({ columns }: Subject, requestor: boolean, role?: Code): string {
    const { user } = columns;
    const id = user === '' ? 'unknown' : xmlText(user + this.#domain, this.valueMax);
    const point = columns.ip === '' ? this.#host : networkPoint(columns.ip, this.valueMax);
    return participant(id, requestor, point, role === undefined ? '' : coded('RoleIDCode', role));
  }

  #emr(requestor: boolean, role: Code): string {
    return participant(this.#application, requestor, this.#host, coded('RoleIDCode', role));
  }

  #recipient({ columns }: Subject): string {
    return participant(xmlToken(columns.recipient, this.valueMax), false, '', coded('RoleIDCode', DESTINATION));
  }
}

function networkPoint(host: string, room: number): string {
  const type = isIP(host) > 0 ? 2 : 1;
  return ` NetworkAccessPointID="${xmlToken(host, room)}" NetworkAccessPointTypeCode="${type}"`;
}

/** Where it went or came from is not in the row: only what kind of thing it was. */
function media(role: Code, type: Code): string {
  const identifier = `<MediaIdentifier>${coded('MediaType', type)}</MediaIdentifier>`;
  return participant('unknown', false, '', coded('RoleIDCode', role) + identifier);
}

function participant(id: string, requestor: boolean, point: string, children: string): string {
  const start = `<ActiveParticipant UserID="${id}" UserIsRequestor="${requestor}"${point}`;
  return children === '' ? `${start}/>` : `${start}>${children}</ActiveParticipant>`;
}
