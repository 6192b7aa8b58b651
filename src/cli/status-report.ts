/** What `status` found: the agent's state, and whether there is an agent. Printed as JSON on request. */
import type { AgentState } from '../agent/state.js';
import type { Verdict } from './summary.js';

export interface StatusReport extends AgentState {
  readonly running: boolean;
  readonly verdict: Verdict;
}
