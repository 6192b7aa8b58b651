/** Ours, compiled, as it is installed: journal on disk, acknowledged delivery, no heartbeat, else every default. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '../../.ci/package/bundle.js';
import { readRelease } from '../../.ci/package/release.js';
import { fetchRuntime } from '../../.ci/package/runtime.js';
import type { AgentState } from '../../src/agent/state.js';
import { Daemon } from '../../test/support/daemon.js';
import { type Sender, type Stage, terminate } from './sender.js';

export interface Agent extends Sender {
  /** The compiled program. */
  readonly main: string;
  /** What runs it. */
  readonly node: string;
}

export const agent: Agent = agentOf(
  fileURLToPath(new URL('../../src/main.js', import.meta.url)),
  'openemr-audit-forwarder',
);

/** Another checkout's, by the path of its `dist/src/main.js`, named by its version and commit. */
export function agentAt(path: string): Agent {
  const main = resolve(path);
  const version = execFileSync(process.execPath, [main, '--version']).toString().trim();
  return agentOf(main, `before: ${version} at ${commitOf(dirname(main)) ?? main}`);
}

/** As the packages install it: a few files, made in `directory`, compiled, and run by the Node.js that they bring, where that can be had. */
export async function packaged(directory: string): Promise<Agent> {
  const release = await readRelease({ quick: true });
  const { program } = await makeBundle(release, directory);
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const own = { node: process.execPath, version: process.versions.node };
  const { node, version } = await fetchRuntime(arch, release.root).catch(() => own);
  execFileSync(node, [join(directory, 'precompile.cjs')]);
  return agentOf(program, `the same, as the packages install it, Node.js ${version}`, node);
}

/** Short; `undefined` outside of a checkout. */
export function commitOf(directory: string): string | undefined {
  try {
    return execFileSync('git', ['-C', directory, 'rev-parse', '--short', 'HEAD'], { stdio: 'pipe' }).toString().trim();
  } catch {
    return undefined;
  }
}

export function journalOf({ directory }: Pick<Stage, 'directory'>): string {
  return join(directory, 'journal');
}

/** As the agent has left it, for `status`. */
export function stateOf(stage: Pick<Stage, 'directory'>): AgentState {
  return JSON.parse(readFileSync(join(journalOf(stage), 'status.json'), 'utf8')) as AgentState;
}

function agentOf(main: string, name: string, node = process.execPath): Agent {
  return {
    main,
    node,
    name,
    start: async (stage) => {
      const { directory, agent: { inside = [], env, node: options = [] } = {} } = stage;
      mkdirSync(journalOf(stage), { mode: 0o700, recursive: true });
      const config = join(directory, 'config.yaml');
      writeFileSync(config, configuration(stage));
      const [command = node, ...args] = [...inside, node, ...options, main, 'run', '--config', config];
      return Daemon.start({
        command,
        args,
        ...(env && { env }),
        outputFile: join(directory, 'out'),
        ready: () => true,
      });
    },
    end: async (daemon, stage) => {
      const status = await terminate(daemon);
      const { counts, delivery } = stateOf(stage);
      if (status !== 0 || delivery.acknowledged !== counts.messages) {
        throw new Error(`the agent ended with ${status}: ${delivery.acknowledged} of ${counts.messages} acknowledged`);
      }
    },
  };
}

/** JSON is YAML. */
function configuration(stage: Stage): string {
  const { log, rotated, port, pki, agent: { format = 'text', message, delivery, status } = {} } = stage;
  return JSON.stringify({
    sources: [{ name: 'bench', paths: [log], ...(rotated && { rotated }), format, timeZone: 'America/New_York' }],
    collectors: [{ host: 'localhost', port }],
    tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
    journal: { directory: journalOf(stage), keepFree: '0%' },
    message: { hostname: 'emr.clinic.example', heartbeat: '0s', ...message },
    ...(delivery && { delivery }),
    ...(status && { status }),
  });
}
