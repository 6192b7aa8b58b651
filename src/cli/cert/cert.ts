/** `cert`: certificates from nothing to mutual TLS, for the clinic and for the exchange. One file a subcommand. */
import { Command } from 'commander';
import type { Io } from '../io.js';
import { caCommand } from './ca.js';
import { withExamples } from './examples.js';
import { importCommand } from './import.js';
import { initCommand } from './init.js';
import { issueCommand } from './issue.js';
import { p12Command } from './p12.js';
import { renewCommand } from './renew.js';
import { requestCommand } from './request.js';
import { revokeCommand } from './revoke.js';
import { showCommand } from './show.js';
import { signCommand } from './sign.js';
import { verifyCommand } from './verify.js';

const COMMANDS = [
  initCommand,
  caCommand,
  issueCommand,
  requestCommand,
  signCommand,
  importCommand,
  renewCommand,
  showCommand,
  verifyCommand,
  revokeCommand,
  p12Command,
];

/** Its actions throw an AgentError; only `verify` says its finding as a result and sets the exit status. */
export function certCommand(io: Io): Command {
  const command = new Command('cert').description('make, request, install, show, check, renew and revoke certificates');
  for (const make of COMMANDS) command.addCommand(withExamples(make(io)));
  return withExamples(command);
}
