/** Ours, compiled, as it is installed: journal on disk, acknowledged delivery, no heartbeat, else every default. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentState } from '../../src/agent/state.js';
import { Daemon } from '../../test/support/daemon.js';
import { type Sender, type Stage, terminate } from './sender.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export const agent: Sender = {
  name: 'openemr-audit-forwarder',
  start: async (stage) => {
    const { directory } = stage;
    mkdirSync(join(directory, 'journal'), { mode: 0o700, recursive: true });
    const config = join(directory, 'config.yaml');
    writeFileSync(config, configuration(stage));
    const args = [MAIN, 'run', '--config', config];
    return Daemon.start({ command: process.execPath, args, outputFile: join(directory, 'out'), ready: () => true });
  },
  end: async (daemon, { directory }) => {
    const status = await terminate(daemon);
    const state = JSON.parse(readFileSync(join(directory, 'journal', 'status.json'), 'utf8')) as AgentState;
    const { counts, delivery } = state;
    if (status !== 0 || delivery.acknowledged !== counts.messages) {
      throw new Error(`the agent ended with ${status}: ${delivery.acknowledged} of ${counts.messages} acknowledged`);
    }
  },
};

/** JSON is YAML. */
function configuration({ directory, log, rotated, port, pki }: Stage): string {
  return JSON.stringify({
    sources: [{ name: 'bench', paths: [log], ...(rotated && { rotated }), format: 'text' }],
    collectors: [{ host: 'localhost', port }],
    tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
    journal: { directory: join(directory, 'journal'), keepFree: '0%' },
    message: { hostname: 'emr.clinic.example', heartbeat: '0s' },
  });
}
