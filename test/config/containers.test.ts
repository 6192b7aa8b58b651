import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { load, loadExported } from '../support/config.js';
import { thisPackage } from '../support/package.js';

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
}

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly Mount[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe?: unknown;
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string; readonly defaultMode: number };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

const containers = new URL('docs/containers/', thisPackage);
const documents = parseAllDocuments(readFileSync(new URL('kubernetes.yaml', containers), 'utf8'));
const objects = documents.map((document) => document.toJS());
const named = (kind: string): string[] =>
  objects.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
const one = (kind: string) => objects.find((each) => each.kind === kind);
const pod = one('Deployment').spec.template.spec;
const agent: Container = pod.initContainers[0];
const exporter: Container = pod.initContainers[1];
const configuration: string = one('ConfigMap').data['config.yaml'];

/** The volume and the path in it that a path of the container is. */
function mountOf({ volumeMounts }: Container, path: string): Mount | undefined {
  return volumeMounts
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
    .toSorted((one, other) => other.mountPath.length - one.mountPath.length)[0];
}

test('each document says what it is', (t) => {
  t.deepEqual(
    documents.flatMap(({ errors }) => errors),
    [],
  );
  for (const { apiVersion, kind, metadata, spec, data } of objects) {
    t.regex(apiVersion, /^([a-z0-9.-]+\/)?v1$/);
    t.truthy(kind && metadata.name && (spec ?? data));
  }
});

test('the configuration in it is valid, for the agent and for the export', async (t) => {
  const config = await load(configuration);
  const { export: exported } = await loadExported(configuration);
  for (const path of [config.tls.ca, config.tls.cert, config.tls.key]) t.is(mountOf(agent, path ?? '')?.name, 'tls');
  t.is(mountOf(agent, config.journal.directory)?.name, 'journal');
  t.not(mountOf(agent, config.journal.directory)?.mountPath, config.journal.directory, 'a directory of its own');
  t.is(mountOf(agent, config.sources[0]?.paths[0] ?? '')?.name, 'log');
  t.is(mountOf(exporter, exported.directory)?.name, 'log');
  t.is(mountOf(exporter, exported.sites[0]?.passwordFile ?? '')?.name, 'database');
  t.is(mountOf(agent, '/etc/openemr-audit-forwarder/config.yaml')?.name, 'config');
});

test('every mounted volume is declared, and so is its source', (t) => {
  const volumes: readonly Volume[] = pod.volumes;
  for (const container of [...pod.initContainers, ...pod.containers] as Container[]) {
    for (const { name } of container.volumeMounts)
      t.true(
        volumes.some((volume) => volume.name === name),
        name,
      );
  }
  for (const { configMap, persistentVolumeClaim: claim, secret } of volumes) {
    if (configMap !== undefined) t.true(named('ConfigMap').includes(configMap.name));
    // OpenEMR's own volume is somebody else's.
    if (claim !== undefined && claim.claimName !== 'openemr-sites')
      t.true(named('PersistentVolumeClaim').includes(claim.claimName));
    if (secret !== undefined) t.is(secret.defaultMode, 0o440);
  }
  t.is(one('Certificate').spec.secretName, volumes.find(({ name }) => name === 'tls')?.secret?.secretName);
});

test('a renewed certificate reaches the agent: its secret is mounted whole', (t) => {
  t.is(agent.volumeMounts.find(({ name }) => name === 'tls')?.subPath, undefined);
});

test('the agent is a sidecar with a liveness probe and without a readiness probe', (t) => {
  for (const sidecar of [agent, exporter]) {
    t.is(sidecar.restartPolicy, 'Always');
    t.is(sidecar.readinessProbe, undefined);
    t.like(sidecar.securityContext, {
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    });
  }
  t.deepEqual([agent.args, exporter.args], [['run'], ['export']]);
  t.deepEqual(agent.livenessProbe?.httpGet, { path: '/livez', port: 'metrics' });
  t.is(
    agent.env?.find(({ name }) => name === 'OAF_STATUS_LISTEN')?.value,
    `0.0.0.0:${agent.ports?.[0]?.containerPort}`,
  );
  t.like(one('Deployment').spec, { replicas: 1, strategy: { type: 'Recreate' } });
});

test('the image runs the agent as a user that Kubernetes can see is not root, with what the package has', (t) => {
  const lines = readFileSync(new URL('Containerfile', containers), 'utf8').replaceAll('\\\n', '').split('\n');
  const said = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  t.deepEqual(said('USER'), ['10001:10001']);
  t.is(agent.securityContext?.runAsUser, 10001);
  t.is(pod.securityContext.fsGroup, 10001);
  t.deepEqual(said('ENTRYPOINT'), ['["/usr/bin/openemr-audit-forwarder"]']);
  t.deepEqual(said('CMD'), ['["run"]']);
  t.deepEqual(said('VOLUME'), ['/var/lib/openemr-audit-forwarder']);
  t.regex(said('RUN')[0] ?? '', /--fsys-tarfile \S+_\*_\$\{TARGETARCH\}\.deb/);
});
