/** What must hold between keys, when each by itself is right. */
import type { FileValues } from './config.js';
import type { Fault } from './fault.js';

/** The line of a key or group, if the file has it. */
export type LineOf = (path: string) => number | undefined;

/** Of all that the agent reads. */
export function brokenRules(values: FileValues, lineOf: LineOf): Fault[] {
  return located(
    [...listRules(values), ...messageRules(values.message), ...tlsRules(values.tls), ...exportRules(values.export)],
    lineOf,
  );
}

/** Of `export` alone, which needs a site only where it is run. */
export function brokenExportRules(values: FileValues['export'], lineOf: LineOf): Fault[] {
  const none: Broken[] =
    values.sites.length > 0 ? [] : [['export.sites', 'missing; expected at least one, such as [{ name: default }]']];
  return located([...none, ...exportRules(values)], lineOf);
}

function located(broken: readonly Broken[], lineOf: LineOf): Fault[] {
  return broken.map(([key, problem]) => ({ key, problem, line: lineOf(key) ?? lineOf(key.split('.')[0]!) }));
}

type Broken = readonly [key: string, problem: string];

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
        'openemr-tsv begins with a heading, without which no row of it is understood; expected beginning',
      ];
    }
  }
  yield* repeats(
    'collectors',
    '',
    collectors.map(({ host, port }) => `${host}:${port}`),
  );
}

/** What IHE ITI-20 leaves no choice in (TF-2 section 3.20.4.1.2), and what an audit message needs to be one. */
function* messageRules({ profile, facility, maxBytes }: FileValues['message']): Iterable<Broken> {
  if (profile !== 'atna') return;
  if (facility !== 10) yield ['message.facility', 'atna always goes out as authpriv (IHE ITI-20); leave it out'];
  if (maxBytes !== undefined && maxBytes < 8192) {
    yield ['message.maxBytes', 'expected at least 8KiB with atna, whose messages are never sent in parts'];
  }
}

function* repeats(list: string, key: string, names: readonly string[]): Iterable<Broken> {
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first < index) yield [`${list}[${index}]${key}`, `${name} is ${list}[${first}] already`];
  }
}

function* tlsRules(tls: FileValues['tls']): Iterable<Broken> {
  const chain = tls.verify === 'name' || tls.verify === 'chain';
  if (chain && tls.ca === undefined) {
    yield ['tls.ca', `missing; expected the file of the authority that verify: ${tls.verify} goes by`];
  }
  if (tls.verify === 'fingerprint' && tls.fingerprints.length === 0) {
    yield ['tls.fingerprints', "missing; expected the collector's fingerprint, which verify: fingerprint goes by"];
  }
  if (tls.p12 === undefined && tls.cert === undefined) {
    yield ['tls.cert', "missing; expected the file of this agent's certificate, or p12"];
  }
  for (const name of ['cert', 'key'] as const) {
    if (tls.p12 !== undefined && tls[name] !== undefined) {
      yield [`tls.${name}`, 'p12 brings its own certificate and key; leave one of them out'];
    }
  }
}

function* exportRules({ sites, rotate, maxBytes, disclosures }: FileValues['export']): Iterable<Broken> {
  // The live file and the newest rotated one are always kept.
  if (2 * rotate > maxBytes)
    yield ['export.rotate', 'expected at most half of export.maxBytes; set it lower, or that higher'];
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
      `${name}.log is also the file of the disclosures of ${names[other]}; export one of the two sites by a configuration of its own, with another export.directory, or set export.disclosures: false`,
    ];
  }
}
