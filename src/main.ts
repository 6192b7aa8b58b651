#!/usr/bin/env node
/**
 * Starts the program, or says which Node.js it needs. It imports nothing before it knows: an
 * older Node.js fails on the first module that uses something new, with a stack trace.
 */

/** As `engines` in package.json. */
const NEEDED = '20.19';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [neededMajor = 0, neededMinor = 0] = NEEDED.split('.').map(Number);
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  process.stderr.write(
    `openemr-audit-forwarder: needs Node.js ${NEEDED} or later; this is ${process.versions.node} (${process.execPath})\n`,
  );
  process.exit(2);
}
// Without a listener Node.js would open its debugger on a port: to a process that holds patient data and the key.
process.on('SIGUSR1', () => undefined);
// A reload that is asked for before the agent can hear of it must not end it.
if (process.argv.includes('run')) process.on('SIGHUP', () => undefined);
import('./cli/process.js').catch((error: unknown) => {
  // Nothing that would word it could be loaded.
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `openemr-audit-forwarder: a part of the program cannot be loaded: ${reason}\nhint: let it open more files (LimitNOFILE= in the unit, ulimit -n in a shell; 128 are enough), or install it again\n`,
  );
  process.exit(1);
});
