/** What `status` found: the agent's state, whether there is an agent, and what to think of it. docs/observability/status-json.md has every key. */
import type { AgentState } from '../../agent/state.js';
import type { Presence, Silence } from './presence.js';
import { type Assessment, assess } from './verdict.js';

export interface StatusReport extends Assessment, AgentState {
  /** 1 as long as no key has changed its meaning or gone. */
  readonly schema: 1;
  readonly running: boolean;
  /** The agent runs, and yet the rest is as it was at `writtenAtMs`: why, and what to do. */
  readonly stale?: Pick<Silence, 'reason' | 'remedy'>;
  /** The configuration file cannot be used, and why; only in words, never in the JSON. */
  readonly configurationFault?: string;
}

export function reportOf(state: AgentState, presence: Presence): StatusReport {
  switch (presence.name) {
    case 'present':
      return { schema: 1, running: true, ...assess(state), ...state };
    case 'absent':
      return { schema: 1, running: false, verdict: 'PROBLEM', reasons: ['the agent is not running'], ...state };
    case 'silent': {
      const { verdict, reason, remedy, pid = state.pid } = presence;
      const reasons = [`${reason}; the agent runs as process ${pid}, but has left no new state here`];
      return { schema: 1, running: true, verdict, reasons, stale: { reason, remedy }, ...state };
    }
    default:
      return presence satisfies never;
  }
}
