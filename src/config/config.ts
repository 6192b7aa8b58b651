/**
 * The configuration as the program sees it: complete, checked, frozen; sizes in
 * bytes, durations in milliseconds. Its types follow from the schema. Each part
 * is handed its own slice.
 */
import type { Settled, Values } from './key.js';
import type { schema } from './schema.js';

/** As read from the file and the environment, before what is left out is filled in. */
export type FileValues = Values<typeof schema>;

type Sections = Settled<typeof schema>;

/** `timeZoneGuessed`: the file does not say the zone, so the machine's is taken. */
export type SourceConfig = Sections['sources'][number] & { readonly timeZoneGuessed: boolean };

export type MessageConfig = Sections['message'];
export type CollectorConfig = Sections['collectors'][number];
export type TlsConfig = Sections['tls'];
export type JournalConfig = Sections['journal'];
export type DeliveryConfig = Sections['delivery'];

export type Config = Omit<Sections, 'sources' | 'export'> & {
  /** The file that this was read from. */
  readonly file: string;
  readonly sources: readonly SourceConfig[];
};

type Site = Sections['export']['sites'][number];

/** What the command `export` reads; the agent does not use it. `undefined` in `tls`: without TLS. */
export interface ExportSections {
  readonly export: Omit<Sections['export'], 'sites'> & {
    readonly sites: readonly (Omit<Site, 'tls'> & { readonly tls: Site['tls'] | undefined })[];
  };
  readonly log: Sections['log'];
}
