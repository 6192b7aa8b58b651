/** Rules between keys, checked after each key's own value. docs/configuration.md lists them. */
import type { FileValues } from './config.js';
import type { Fault } from './fault.js';

/** The line of a key or group, if the file has it. */
export type LineOf = (path: string) => number | undefined;

/** The broken rules of what the agent reads. */
export function brokenRules(values: FileValues, lineOf: LineOf): Fault[] {
  return located(
    [
      ...listRules(values),
      ...messageRules(values.message),
      ...tlsRules(values.tls),
      ...sealRules(values.seal),
      ...exportRules(values.export),
    ],
    lineOf,
  );
}

/** The broken rules of `export` alone; only the command export needs a site. */
export function brokenExportRules(values: FileValues['export'], lineOf: LineOf): Fault[] {
  const none: Broken[] =
    values.sites.length > 0 ? [] : [['export.sites', 'missing; expected at least one, such as [{ name: default }]']];
  return located([...none, ...exportRules(values)], lineOf);
}

function located(broken: readonly Broken[], lineOf: LineOf): Fault[] {
  return broken.map(([key, problem]) => ({ key, problem, line: lineOf(key) ?? lineOf(key.split('.')[0]!) }));
}

type Broken = readonly [key: string, problem: string];

function* sealRules({ cert, key }: FileValues['seal']): Iterable<Broken> {
  if ((cert === undefined) !== (key === undefined))
    yield [cert === undefined ? 'seal.cert' : 'seal.key', 'missing; seal.cert and seal.key go together'];
}

function* listRules({ sources, collectors }: FileValues): Iterable<Broken> {
  if (sources.length === 0) yield ['sources', 'missing; expected at least one, with a name and paths'];
  if (collectors.length === 0) yield ['collectors', 'missing; expected at least one, with a host'];
  yield* repeats(
    'sources',
    '.name',
    sources.map((source) => source.name),
  );
  for (const [index, { format, startAt }] of sources.entries()) {
    if (format === 'openemr-tsv' && startAt === 'end') {
      yield [
        `sources[${index}].startAt`,
        'openemr-tsv begins with a header line, and without it no row can be parsed; expected beginning',
      ];
    }
  }
  yield* repeats(
    'collectors',
    '',
    collectors.map(({ host, port }) => `${host}:${port}`),
  );
}

/** IHE ITI-20 fixes the facility (TF-2 section 3.20.4.1.2); a DICOM message needs some room. */
function* messageRules({ profile, facility, maxBytes }: FileValues['message']): Iterable<Broken> {
  if (profile !== 'atna') return;
  if (facility !== 10) yield ['message.facility', 'atna is always sent as authpriv (IHE ITI-20); remove this key'];
  if (maxBytes !== undefined && maxBytes < 8192) {
    yield ['message.maxBytes', 'expected at least 8KiB with atna, whose messages are never sent in parts'];
  }
}

function* repeats(list: string, key: string, names: readonly string[]): Iterable<Broken> {
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first < index) yield [`${list}[${index}]${key}`, `${name} is already used by ${list}[${first}]`];
  }
}

function* tlsRules(tls: FileValues['tls']): Iterable<Broken> {
  const chain = tls.verify === 'name' || tls.verify === 'chain';
  if (chain && tls.ca === undefined) {
    yield ['tls.ca', 'missing; expected the CA certificate used to verify the collector'];
  }
  if (tls.verify === 'fingerprint' && tls.fingerprints.length === 0) {
    yield [
      'tls.fingerprints',
      "missing; expected the fingerprint of the collector's certificate, because of verify: fingerprint",
    ];
  }
  if (tls.p12 === undefined && tls.cert === undefined) {
    yield ['tls.cert', "missing; expected the file of this agent's certificate, or p12"];
  }
  for (const name of ['cert', 'key'] as const) {
    if (tls.p12 !== undefined && tls[name] !== undefined) {
      yield [`tls.${name}`, 'p12 already contains certificate and key; remove this key or p12'];
    }
  }
}

function* exportRules({ sites, rotate, maxBytes, disclosures }: FileValues['export']): Iterable<Broken> {
  // The live file and the newest rotated one are always kept.
  if (2 * rotate > maxBytes)
    yield ['export.rotate', 'expected at most half of export.maxBytes; lower it or raise export.maxBytes'];
  yield* repeats(
    'export.sites',
    '.name',
    sites.map(({ name }) => name),
  );
  if (disclosures) yield* sharedFiles(sites.map(({ name }) => name));
  for (const [index, { tls }] of sites.entries()) {
    if ((tls.cert === undefined) === (tls.key === undefined)) continue;
    const [there, missing] = tls.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    yield [`export.sites[${index}].tls.${there}`, `${missing} is missing; expected both or none`];
  }
}

/** The disclosures of the site NAME lie in NAME.disclosures.log, and the trail of a site NAME.disclosures would, too. */
function* sharedFiles(names: readonly string[]): Iterable<Broken> {
  for (const [index, name] of names.entries()) {
    const other = names.indexOf(name.replace(/\.disclosures$/, ''));
    if (other === -1 || names[other] === name) continue;
    yield [
      `export.sites[${index}].name`,
      `${name}.log is also the file of the disclosures of ${names[other]}; export one of the two sites with a configuration of its own and another export.directory, or set export.disclosures: false`,
    ];
  }
}
