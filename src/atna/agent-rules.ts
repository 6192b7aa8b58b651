/**
 * Maps the agent's own messages to DICOM audit messages: its start and stop are
 * Application Activity (PS3.15 section A.5.3.1), dangers to the trail are Security
 * Alerts (section A.5.3.11). Where no code fits, above all for the heartbeat, the
 * event goes out under a name of our own.
 */
import {
  APPLICATION_ACTIVITY,
  APPLICATION_START,
  APPLICATION_STOP,
  AUDIT_RECORDING_STARTED,
  AUDIT_RECORDING_STOPPED,
  type Code,
  NODE_AUTHENTICATION,
  OBJECT_SECURITY_CHANGED,
  ownCode,
  SECURITY_ALERT,
  SECURITY_CONFIGURATION,
} from './codes.js';

export interface AgentRule {
  readonly eventId: Code;
  readonly types: readonly Code[];
  readonly outcome: 0 | 4 | 8 | 12;
}

/** `failure`: it was said as a warning. */
export function agentRule(kind: string, failure: boolean): AgentRule {
  const rule = Object.hasOwn(RULES, kind) ? RULES[kind] : undefined;
  return rule ?? { eventId: ownCode(kind, kind), types: [], outcome: failure ? 4 : 0 };
}

const RULES: Readonly<Record<string, AgentRule>> = {
  start: { eventId: APPLICATION_ACTIVITY, types: [APPLICATION_START], outcome: 0 },
  stop: { eventId: APPLICATION_ACTIVITY, types: [APPLICATION_STOP], outcome: 0 },
  // ITI-20's trigger Node-Authentication-failure.
  refused: alert(NODE_AUTHENTICATION, 8),
  certificate: alert(SECURITY_CONFIGURATION, 0),
  configuration: alert(SECURITY_CONFIGURATION, 0),
  // The journal is full, nothing more is read: 12 is "made unavailable".
  full: alert(AUDIT_RECORDING_STOPPED, 12),
  room: alert(AUDIT_RECORDING_STARTED, 0),
  gap: alert(OBJECT_SECURITY_CHANGED, 8),
  // "A Major failure indicates that … the security system may have been compromised" (A.5.3.11).
  tamper: alert(OBJECT_SECURITY_CHANGED, 12),
  dropped: alert(OBJECT_SECURITY_CHANGED, 8),
  heartbeat: { eventId: ownCode('heartbeat', 'Heartbeat'), types: [], outcome: 0 },
  seal: { eventId: ownCode('seal', 'Seal'), types: [], outcome: 0 },
  'seal-certificate': { eventId: ownCode('seal-certificate', 'Certificate of seals'), types: [], outcome: 0 },
};

function alert(type: Code, outcome: AgentRule['outcome']): AgentRule {
  return { eventId: SECURITY_ALERT, types: [type], outcome };
}
