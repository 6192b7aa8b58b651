/** What `status` found: the agent's state, whether there is an agent, and what to think of it. docs/observability/status-json.md has every key. */
import type { AgentState } from '../agent/state.js';
import { type Assessment, assess } from './verdict.js';

export interface StatusReport extends Assessment, AgentState {
  /** 1 as long as no key has changed its meaning or gone. */
  readonly schema: 1;
  readonly running: boolean;
}

/** The agent writes its state every two seconds; a busy machine may take longer. */
const STALE_MS = 30_000;

/** `alive`: there is a process of that id. */
export function reportOf(state: AgentState, nowMs: number, alive: (pid: number) => boolean): StatusReport {
  const running = state.delivery.link.name !== 'stopped' && nowMs - state.writtenAtMs < STALE_MS && alive(state.pid);
  if (running) return { schema: 1, running, ...assess(state), ...state };
  return { schema: 1, running, verdict: 'PROBLEM', reasons: ['the agent is not running'], ...state };
}
