/** The software bill of materials in CycloneDX 1.5 (ECMA-424's JSON form): what is bundled, and Node.js. */
import type { Component } from './bundle.js';
import type { Release } from './release.js';
import type { Runtime } from './runtime.js';

export function sbom({ name, version, epoch }: Release, components: readonly Component[], runtime: Runtime): string {
  const own = { type: 'application', name, version, purl: purl(name, version), 'bom-ref': purl(name, version) };
  const node = { name: 'node', version: runtime.version, licence: 'MIT', integrity: runtime.integrity };
  const platform = { ...described(node), type: 'platform', purl: purl(runtime.name, runtime.version) };
  const parts = [...components.map(described), platform];
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { timestamp: new Date(epoch * 1000).toISOString(), component: { ...own, licenses: licences('MIT') } },
    components: parts,
    dependencies: [{ ref: own['bom-ref'], dependsOn: parts.map((part) => part['bom-ref']) }],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

function described(part: Omit<Component, 'directory'>) {
  const { name, version, licence, integrity } = part;
  return {
    type: 'library',
    name,
    version,
    'bom-ref': purl(name, version),
    purl: purl(name, version),
    licenses: licences(licence),
    hashes: [hash(integrity)],
  };
}

/** https://github.com/package-url/purl-spec: a scope's @ is written %40. */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function licences(expression: string) {
  return /[ ()]/.test(expression) ? [{ expression }] : [{ license: { id: expression } }];
}

function hash(integrity: string) {
  const [, bits, digest = ''] = /^sha(\d+)-(.+)$/.exec(integrity) ?? [];
  return { alg: `SHA-${bits}`, content: Buffer.from(digest, 'base64').toString('hex') };
}
