/** `cert`: certificates from nothing to mutual TLS, for the clinic and for the exchange. One file a subcommand. */
import { Command } from 'commander';
import type { Io } from '../io.js';
import { initCommand } from './init.js';

export function certCommand(io: Io): Command {
  return new Command('cert')
    .description('make, request, install, show, check, renew and revoke certificates')
    .addCommand(initCommand(io));
}
